"""A store trains as the FASTA files that it was made of; weights decide which genome is read."""

from pathlib import Path

import pytest
import torch

from dna_mamba.data.store import GenomeStore, find_sources, pack_genomes
from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.pretrain import read_recipe
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.source import fingerprint_of, read_split, training_batches
from tests.training.toy_genome import write_recipe


@pytest.fixture
def recipe_path(tmp_path: Path) -> Path:
    path = write_recipe(tmp_path)
    (tmp_path / "other.fa").write_text(">x\n" + "ACGGT" * 400 + "\n")
    pack_genomes(find_sources([tmp_path / "genome.fa"]), tmp_path / "store")
    (tmp_path / "list.tsv").write_text("genome.fa\t\t1\nother.fa\tsecond\t3\n")
    pack_genomes(find_sources([tmp_path / "list.tsv"]), tmp_path / "two")
    return path


def with_store(path: Path, name: str, *overrides: str) -> Recipe:
    return read_recipe(path, ("genome.fasta=[]", f"genome.store={path.parent / name}", *overrides))


def model_of(recipe: Recipe) -> MaskedLanguageModel:
    return MaskedLanguageModel(recipe.model_config_of())


def test_a_store_gives_the_batches_of_its_fasta(recipe_path: Path) -> None:
    recipes = read_recipe(recipe_path), with_store(recipe_path, "store")
    model = model_of(recipes[0])
    from_fasta, from_store = (training_batches(recipe, read_split(recipe), model) for recipe in recipes)
    for step in (0, 7, 300):
        one, other = from_fasta[step], from_store[step]
        assert [f"genome:{window.chrom}" for window in one.windows] == [window.chrom for window in other.windows]
        for mine, its in zip(one[:3], other[:3], strict=True):
            torch.testing.assert_close(mine, its, rtol=0, atol=0)


def test_held_out_places_of_a_store(recipe_path: Path) -> None:
    places = "[genome:val:1-500, 'second:*', 'tes?']"
    split = read_split(with_store(recipe_path, "two", f"genome.validation={places}", "genome.test=[]"))
    assert [str(place) for place in split.validation] == ["genome:val:1-500", "genome:test:1-1000", "second:x:1-2000"]
    assert {place.chrom for place in split.train} == {"genome:train", "genome:val"}


@pytest.mark.parametrize(
    ("overrides", "second"),
    [
        ((), 3 * 2000 / (3 * 2000 + 6000)),
        (("genome.weights={second: 1}",), 2000 / (2000 + 6000)),
        (("genome.weights={genome: 3}", "genome.temperature=0"), 0.5),
        (("genome.weights={genome: 0}",), 1.0),
    ],
)
def test_weights_of_the_store_and_of_the_recipe(recipe_path: Path, overrides: tuple[str, ...], second: float) -> None:
    recipe = with_store(recipe_path, "two", *overrides)
    batches = training_batches(recipe, read_split(recipe), model_of(recipe))
    windows = [window for step in range(60) for window in batches[step].windows]
    assert sum(window.chrom == "second:x" for window in windows) / len(windows) == pytest.approx(second, abs=0.01)


def test_the_fingerprint_of_a_store_is_that_of_its_contents(recipe_path: Path) -> None:
    recipe = with_store(recipe_path, "store")
    first = fingerprint_of(recipe, read_split(recipe))
    pack_genomes(find_sources([recipe_path.parent / "genome.fa"]), recipe_path.parent / "store", force=True)
    assert fingerprint_of(recipe, read_split(recipe)) == first
    other = with_store(recipe_path, "store", "genome.validation=[genome:val:1-700]")
    assert fingerprint_of(other, read_split(other)) != first
    with open(recipe_path.parent / "store" / "bases.bin", "r+b") as file:
        file.write(b"\1")
    assert len(GenomeStore(recipe_path.parent / "store")) == 3
    with pytest.raises(InputError, match=r"bases\.bin: was altered"):
        fingerprint_of(recipe, read_split(recipe))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("genome.store=STORE/two",), "give fasta .* or store .*, one of the two"),
        (("genome.fasta=[]",), "one of the two"),
        (("genome.fasta=[]", "genome.store=STORE/genome.fa"), "is a file, not a genome store"),
        (("genome.fasta=[STORE/two]",), r"two: is a genome store, not a FASTA file; give it as genome\.store"),
        (("genome.weights={genome: -1}",), r"genome\.weights\.genome -1: Input should be greater than or equal to 0"),
        (("genome.weights={yeast: 1}",), r"genome\.weights: no genome 'yeast'; genomes are genome"),
        (("genome.temperature=-1",), r"genome\.temperature -1"),
    ],
)
def test_mistakes(recipe_path: Path, overrides: tuple[str, ...], message: str) -> None:
    overrides = tuple(text.replace("STORE", str(recipe_path.parent)) for text in overrides)
    with pytest.raises(InputError, match=message):
        recipe = read_recipe(recipe_path, overrides)
        training_batches(recipe, read_split(recipe), model_of(recipe))


def test_a_recipe_without_the_new_keys_looks_as_before(recipe_path: Path) -> None:
    assert set(read_recipe(recipe_path).model_dump()["genome"]) == {"fasta", "validation", "test", "exclude"}
