"""Recipes: overrides, unknown keys, and the recipes that come with the project."""

import json
from pathlib import Path

import pytest
import yaml

from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig
from dna_mamba.training.pretrain.recipe import parse_recipe, read_recipe

MINIMAL = "genome: {fasta: a.fa, validation: [chr2]}\nschedule: {steps: 5}\n"
RECIPES = sorted((Path(__file__).parents[3] / "pipelines" / "recipes").glob("*.yaml"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "recipe.yaml").write_text(MINIMAL)
    return tmp_path / "recipe.yaml"


def test_overrides_reach_any_depth(path: Path) -> None:
    overrides = ("schedule.steps=7", "model.d_state=8", "genome.fasta=[a.fa, b.fa]", "optimiser.learning_rate=1e-3")
    recipe = read_recipe(path, overrides)
    assert recipe.schedule.steps == 7 and recipe.model_config_of().d_state == 8
    assert recipe.genome.fasta == ["a.fa", "b.fa"] and recipe.optimiser.learning_rate == 1e-3


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("schedule.stepz=7", "schedule.stepz"),
        ("schedule.steps=many", "schedule.steps"),
        ("schedule.steps=0", "schedule.steps"),
        ("model.d_modle=8", "d_modle"),
        ("model.size=huge", "huge"),
        ("masking.rate=1.5", "masking.rate"),
        ("schedule.steps", "not key=value"),
        ("schedule.steps.more=1", "not a section"),
        ("tokenizer={kind: kmer, k: 3, stride: 1}", "overlap"),
        ("masking.soft_mask_weight=0.5 ", None),
    ],
)
def test_mistakes_are_named(path: Path, override: str, message: str | None) -> None:
    if message is None:
        assert read_recipe(path, (override,)).masking.soft_mask_weight == 0.5
        return
    with pytest.raises(InputError, match=message) as caught:
        read_recipe(path, (override,))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["- a\n- b\n", "a: [\n", ""])
def test_no_recipe(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(InputError, match="YAML"):
        read_recipe(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(tmp_path / "none.yaml")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda p: p.stem)
def test_shipped_recipes_are_valid(recipe: Path) -> None:
    assert read_recipe(recipe).about.licence != "not stated"


NUMBERS = ["2", "010", "1_000", "1e5", "0x1", "0o7", "1:30", ".5", "+3", "2024-01-01"]
NAMES = [*NUMBERS, "true", "null", "~", "no", "=", "<<"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_what_is_written(path: Path, name: str) -> None:
    """YAML 1.1 reads 010 as 8, 1:30 as 90 and no as false; contigs may be called so."""
    path.write_text(MINIMAL.replace("[chr2]", f"[chr2, {name}]"))
    assert read_recipe(path).genome.validation == ["chr2", name]
    path.write_text(f"genome:\n  fasta: a.fa\n  validation:\n  - {name}\nschedule: {{steps: 5}}\n")
    assert read_recipe(path).genome.validation == [name]
    assert read_recipe(path, (f"genome.test=[{name}, chr3]",)).genome.test == [name, "chr3"]
    assert read_recipe(path, (f"genome={{fasta: 7, validation: [{name}]}}",)).genome.validation == [name]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("null", "~")])
def test_one_name_needs_no_list(path: Path, name: str) -> None:
    assert read_recipe(path, (f"genome.validation={name}",)).genome.validation == [name]
    path.write_text(MINIMAL.replace("[chr2]", name))
    assert read_recipe(path).genome.validation == [name]


@pytest.mark.parametrize("nothing", ["", "null", "~"])
def test_nothing_is_not_taken_for_a_name_or_for_none(path: Path, nothing: str) -> None:
    with pytest.raises(InputError, match=r"genome.validation: .*write \[\] for none"):
        read_recipe(path, (f"genome.validation={nothing}",))
    assert read_recipe(path, ("genome.validation=[]",)).genome.validation == []
    assert read_recipe(path, (f'genome.validation="{nothing or "null"}"',)).genome.validation == [nothing or "null"]


def test_merged_sections_keep_their_names(path: Path) -> None:
    path.write_text("base: &b {validation: [010]}\ngenome: {<<: *b, fasta: a.fa}\nschedule: {steps: 5}\n")
    with pytest.raises(InputError, match="base: no such key"):
        read_recipe(path)
    path.write_text("genome: {<<: {validation: [010]}, fasta: a.fa}\nschedule: {steps: 5}\n")
    assert read_recipe(path).genome.validation == ["010"]


def test_numbers_from_python_are_refused_with_a_hint() -> None:
    content = {"genome": {"fasta": "a.fa", "validation": [2]}, "schedule": {"steps": 1}}
    with pytest.raises(InputError, match=r"genome\.validation\.0 2: .*quote"):
        parse_recipe(content, "r.yaml")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model={size: tiny, d_modle: 8}", "model.d_modle: no such key"),
        ("model={d_model: 8, n_layer: 1, n_layers: 2}", "model.n_layers: no such key"),
        ("model={d_model: 8}", "model.n_layer: Field required"),
        ("model={d_model: 8, n_layer: 1, tokenizer: {}}", "model.tokenizer: no such key"),
        ("model.num_labels=2", "model.num_labels: no such key"),
        ("model=tiny", "model 'tiny': not a section"),
        ("model.d_model=0", "model.d_model 0: "),
        ("tokenizer={kind: kmer, k: 3, stried: 3}", "tokenizer.stried: no such key"),
        ("tokenizer={kind: nucleotide, k: 3}", "tokenizer.k: no such key"),
        ("tokenizer={kind: kmer}", "tokenizer.k: Field required"),
        ("tokenizer={kind: words}", "tokenizer: .*'words'.*'nucleotide', 'kmer', 'bpe'"),
        ("genome.margin_bp=-1", "genome.margin_bp -1: "),
        ("genom.fasta=x", "genom: no such key"),
    ],
)
def test_unknown_keys_are_named_with_their_section(path: Path, override: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_recipe(path, (override,))
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize(
    "model",
    [
        {"size": "tiny", "reverse_complement": "post-hoc", "d_model": 32},
        {"d_state": 4},
        {"n_layer": 2, "d_model": 16, "reverse_complement": "none"},
        {"d_model": 16, "n_layer": 1, "dt_rank": "auto"},
        {},
    ],
)
def test_sections_are_written_as_they_were_given(path: Path, model: dict[str, object]) -> None:
    """No default is frozen into a recipe, and keys keep their order; what they mean is ModelConfig's."""
    path.write_text(MINIMAL + yaml.safe_dump({"model": model}, sort_keys=False))
    recipe = read_recipe(path)
    assert json.dumps(recipe.model_dump(mode="json")["model"]) == json.dumps(model)
    shape = {"d_model": 128, "n_layer": 8} if "d_model" not in model or "size" in model else {}
    values = {key: value for key, value in model.items() if key != "size"}
    tokenizer = {"kind": "nucleotide", "vocabulary": "caduceus"}
    assert recipe.model_config_of() == ModelConfig.model_validate({**shape, **values, "tokenizer": tokenizer})


def test_a_byte_pair_vocabulary_survives_the_recipe(path: Path) -> None:
    vocabulary = {"kind": "bpe", "vocab": ["<pad>", "<mask>", "<unk>", *"ACGT", "AC"], "merges": [["A", "C"]]}
    path.write_text(MINIMAL + yaml.safe_dump({"tokenizer": vocabulary, "model": {"reverse_complement": "none"}}))
    assert read_recipe(path).build_tokenizer().to_config() == vocabulary


def test_stages_read_as_many_bases_a_step(path: Path) -> None:
    batch = "batch={window_bp: 512, windows: 16, stages: [{window_bp: 128, steps: 2}, {window_bp: 4096}]}"
    recipe = read_recipe(path, (batch,))
    assert recipe.batch.by_first_step() == [(0, 128, 64), (2, 4096, 2)]
    assert recipe.margin_bp == 4096 and recipe.batch.last_window_bp == 4096


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ("[{window_bp: 768}]", "windows of 768 bp do not divide the 8,192 bp of a step.*a multiple of 3;"),
        ("[{window_bp: 16384}]", "windows of 16,384 bp do not divide.*a multiple of 16;"),
        ("[{window_bp: 512}, {window_bp: 1024}]", "every stage but the last needs steps"),
        ("[{window_bp: 512, steps: 5}, {window_bp: 1024}]", "would begin after step 5, the run has 5"),
        ("[{window_bp: 512, steps: 2}, {window_bp: 1024, steps: 2}]", "they take 4 steps, the run has 5"),
        ("[{window_bp: 0}]", "batch.stages.0.window_bp 0"),
        ("[{window: 5}]", "batch.stages.0.window"),
        ("7", "batch.stages 7"),
    ],
)
def test_stages_that_cannot_be(path: Path, stages: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_recipe(path, (f"batch.stages={stages}",))
    assert "Value error" not in str(caught.value) and "\n" not in str(caught.value)


def test_keys_that_are_not_used_leave_a_run_as_it_was(path: Path) -> None:
    """A run is known by its recipe: one that began before a key existed must still resume."""
    written = read_recipe(path).model_dump(mode="json")
    assert written["batch"] == {"window_bp": 1024, "windows": 8} and "span" not in written["masking"]
    assert not {"init", "init_sha256", "freeze"} & written.keys()


def test_a_resolved_recipe_reads_back_equal(path: Path) -> None:
    overrides = (
        *("genome.validation=[2, 010, null]", "genome.margin_bp=7", "tokenizer={kind: kmer, k: 1}"),
        *("masking.span={mean_tokens: 3}", "batch.stages=[{window_bp: 512, steps: 2}, {window_bp: 1024}]"),
    )
    recipe = read_recipe(path, overrides)
    path.write_text(yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))
    assert read_recipe(path) == recipe


def test_texts_and_shares_stand_in_one_list(path: Path) -> None:
    path.write_text(MINIMAL.replace("[chr2]", "[010, {last: 0.1, of: 2}, {fraction: 0.05}, {bed: 7}]"))
    recipe = read_recipe(path, ("genome.test={part: [0.8, 0.9], each: genome}",))
    assert list(map(str, recipe.genome.validation)) == ["010", "{last: 0.1, of: 2}", "{fraction: 0.05}", "{bed: 7}"]
    assert list(map(str, recipe.genome.test)) == ["{part: [0.8, 0.9], each: genome}"]
    path.write_text(yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))
    assert read_recipe(path) == recipe


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("[{last: 2}]", "genome.validation.0.last 2: Input should be less than 1"),
        ("[chr1, {last: 0.1, far: x}]", "genome.validation.1.far: no such key"),
        ("{fractoin: 0.1}", "genome.validation.0: not a place: .* one of the keys bed, last, part, fraction"),
        ("{fraction: 0.1, block_bp: 0}", "genome.validation.0.block_bp 0: "),
        ("{part: [0.5, 0.1]}", "genome.validation.0: part must begin before it ends"),
    ],
)
def test_wrong_shares_are_named(path: Path, rule: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_recipe(path, (f"genome.validation={rule}",))
