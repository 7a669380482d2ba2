"""What is held out of a genome, what is left to train on, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.data.sampling import WindowSampler
from dna_mamba.data.shares import BedPlaces, BlockPlaces, PartPlaces, PlaceRule
from dna_mamba.data.splits import split_genome
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

GENOME = {name: np.zeros(10, dtype=np.uint8) for name in ("chr1", "chr2", "chr3", "chrM")}
ONE = {"chromosome": np.arange(1000, dtype=np.uint8) % 4}


def texts(places: tuple[Interval, ...]) -> list[str]:
    return [str(place) for place in places]


def test_every_contig_has_one_use() -> None:
    split = split_genome(GENOME, validation=["chr2"], test=["chr[3]"], exclude=["chrM"], margin_bp=3)
    assert texts(split.train) == ["chr1:1-10"]
    assert texts(split.validation) == ["chr2:1-10"]
    assert texts(split.test) == ["chr3:1-10"]
    assert texts(split.excluded) == ["chrM:1-10"]
    assert split.margin_bp == 0  # nothing has a side where whole contigs are held out


def test_a_stretch_keeps_its_margin_and_the_contig_trains_on_the_rest() -> None:
    split = split_genome(ONE, validation=["chromosome:301-400"], test=["chromosome:901-"], margin_bp=50)
    assert split.train == (Interval("chromosome", 0, 250), Interval("chromosome", 450, 850))
    assert split.validation == (Interval("chromosome", 300, 400),)
    assert split.test == (Interval("chromosome", 900, 1000),)
    assert split.margin_bp == 50
    (held_out,) = split.sequences(split.validation)
    assert held_out[:].tolist() == ONE["chromosome"][300:400].tolist()


def test_thousands_separators_and_open_ends() -> None:
    genome = {"c": np.zeros(5000, dtype=np.uint8)}
    split = split_genome(genome, validation=["c:1,001-2,000"], exclude=["c:-100"])
    assert split.train == (Interval("c", 100, 1000), Interval("c", 2000, 5000))


def test_names_with_colons_and_stars() -> None:
    genome = {name: np.zeros(100, dtype=np.uint8) for name in ("HLA-A*01:01", "HLA-A*24:01:01", "c")}
    split = split_genome(genome, validation=["HLA-A*01:01"], test=["HLA-A*24:01:01:11-20"])
    assert texts(split.validation) == ["HLA-A*01:01:1-100"]
    assert texts(split.train) == ["HLA-A*24:01:01:1-10", "HLA-A*24:01:01:21-100", "c:1-100"]


def test_a_contig_and_a_place_of_one_spelling_are_refused() -> None:
    genome = {name: np.zeros(100, dtype=np.uint8) for name in ("c", "c:1-50")}
    with pytest.raises(InputError, match=r"genome.test: .*'c:1-50' is a contig and a place on 'c'"):
        split_genome(genome, validation=[], test=["c:1-50"])
    assert texts(split_genome(genome, validation=["{c}:1-50"]).validation) == ["c:1-50"]


@given(st.lists(st.integers(0, 20), min_size=2, max_size=8, unique=True), st.integers(0, 4), st.integers(1, 6))
def test_every_base_is_trained_on_unless_held_out_or_near_it(cuts: list[int], margin_bp: int, window_bp: int) -> None:
    """Against marking base by base; no training window overlaps what is held out."""
    genome = {"c": np.zeros(60, dtype=np.uint8)}
    cuts = sorted(cuts)
    stretches = [(3 * a, 3 * b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    near = np.zeros(60, dtype=bool)
    for start, end in stretches:
        near[max(0, start - margin_bp) : end + margin_bp] = True
    held_out = [f"c:{start + 1}-{end}" for start, end in stretches]
    if near.all():
        with pytest.raises(InputError, match="no sequence is left"):
            split_genome(genome, validation=held_out, margin_bp=margin_bp)
        return
    split = split_genome(genome, validation=held_out, margin_bp=margin_bp)
    trained = np.zeros(60, dtype=int)
    for piece in split.train:
        trained[piece.start : piece.end] += 1
    assert trained.tolist() == (~near).astype(int).tolist()
    sampler = WindowSampler(split.train, window_bp, seed=1, both_strands=False)
    for index in range(3 * sampler.windows_per_epoch):
        window = sampler[index]
        assert not near[window.start : window.end].any()


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        (["chrX"], [], "genome.validation: no contig matches 'chrX'"),
        (["chr1"], ["chr1"], "contig 'chr1' is both validation and test"),
        (["chr*"], [], "no sequence is left"),
        (["chr1:1-5"], ["chr1:5-9"], r"'chr1:1-5' \(validation\) and 'chr1:5-9' \(test\) overlap on contig 'chr1'"),
        (["chr1"], ["chr1:5-9"], r"'chr1' \(validation\) and 'chr1:5-9' \(test\) overlap"),
        (["chr1:1-5", "chr1:4-9"], [], "overlap on contig 'chr1'"),
        (["chr1:1-11"], [], "genome.validation: region 'chr1:1-11' ends"),
        (["chrX:1-5"], [], "no contig 'chrX'"),
    ],
)
def test_impossible_splits_are_refused(validation: list[str], test: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_genome(GENOME, validation=validation, test=test)


def test_neighbours_may_touch_and_names_may_repeat() -> None:
    split = split_genome(GENOME, validation=["chr1:1-5", "chr2", "chr[2]"], test=["chr1:6-9"])
    assert texts(split.validation) == ["chr1:1-5", "chr2:1-10"]
    assert texts(split.train) == ["chr1:10-10", "chr3:1-10", "chrM:1-10"]


def test_nothing_held_out() -> None:
    split = split_genome(GENOME, validation=[])
    assert len(split.train) == 4 and split.validation == split.test == ()


def test_texts_and_rules_mix(tmp_path: Path) -> None:
    for name in ("held.bed", "held.txt"):
        (tmp_path / name).write_text("chr1\t0\t2\nchr1\t1\t3\n")
    rest: list[PlaceRule] = ["chr2:9-10", PartPlaces(last=0.2, of="chr3")]
    split = split_genome(GENOME, validation=[str(tmp_path / "held.bed"), *rest], test=["chrM"])
    assert split == split_genome(GENOME, validation=[BedPlaces(bed=str(tmp_path / "held.txt")), *rest], test=["chrM"])
    assert texts(split.validation) == ["chr1:1-3", "chr2:9-10", "chr3:9-10"]
    assert texts(split.train) == ["chr1:4-10", "chr2:1-8", "chr3:1-8"]


def test_blocks_of_two_uses_do_not_overlap_and_keep_margins() -> None:
    rule = BlockPlaces(fraction=0.3, block_bp=50)
    split = split_genome(ONE, validation=[rule], test=["chromosome:1-75", rule], margin_bp=5)
    marks = np.zeros(1000, dtype=int)
    for place in (*split.validation, *split.test):
        marks[place.start : place.end] += 1
    assert marks.max() == 1 and marks[:75].all() and sum(map(len, split.validation)) > 200
    near = np.convolve(marks, np.ones(11), mode="same") > 0
    for place in split.train:
        assert not near[place.start : place.end].any()
        near[place.start : place.end] = True
    assert near.all()


def test_what_is_excluded_is_cut_out_of_what_is_held_out_and_has_no_margin() -> None:
    excluded = ["chromosome:401-450", "chromosome:446-500", "chromosome:701-800"]
    split = split_genome(ONE, validation=["chromosome:301-"], test=[], exclude=[*excluded, "chromosome:101-110"])
    assert texts(split.validation) == ["chromosome:301-400", "chromosome:501-700", "chromosome:801-1000"]
    assert texts(split.excluded) == ["chromosome:101-110", "chromosome:401-500", "chromosome:701-800"]
    assert texts(split.train) == ["chromosome:1-100", "chromosome:111-300"]
    split = split_genome(ONE, validation=["chromosome:301-400"], exclude=["chromosome:601-700"], margin_bp=20)
    assert texts(split.train) == ["chromosome:1-280", "chromosome:421-600", "chromosome:701-1000"]


@pytest.mark.parametrize(
    ("validation", "exclude", "message"),
    [
        (["chr1"], ["chr1"], "contig 'chr1' is both validation and exclude"),
        (["chr1:3-5", "chr2"], ["chr1:1-9"], r"all of 'chr1:3-5' \(validation\) is excluded"),
    ],
)
def test_what_is_held_out_is_not_all_excluded(validation: list[str], exclude: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_genome(GENOME, validation=validation, exclude=exclude)
