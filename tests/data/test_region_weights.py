"""Training sequence weighed by its annotation."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dna_mamba.data import region_weights
from dna_mamba.data.genomes import LoadedGenomes
from dna_mamba.data.region_weights import region_places
from dna_mamba.data.sampling import WindowSampler
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

GENOME = {"chr1": np.zeros(10_000, dtype=np.uint8), "chr2": np.zeros(3_000, dtype=np.uint8)}
TRAIN = [Interval("chr1", 0, 10_000), Interval("chr2", 500, 3_000)]
GFF = """##gff-version 3
chr1\t.\tregion\t1\t10000\t.\t+\t.\tID=chr1
chr1\t.\tgene\t2001\t4000\t.\t+\t.\tID=g
chr1\t.\texon\t2001\t3000\t.\t+\t.\tParent=g
chr1\t.\tCDS\t2001\t2500\t.\t+\t0\tParent=g
elsewhere\t.\tgene\t1\t99999\t.\t+\t.\tID=h
"""


@pytest.fixture
def gff(tmp_path: Path) -> str:
    (tmp_path / "genes.gff3").write_text(GFF)
    return str(tmp_path / "genes.gff3")


def test_tiles_have_the_mean_weight_of_their_bases(gff: str) -> None:
    weights = {"CDS": 8, "exon": 4, "intergenic": 0.5}
    found = region_places(GENOME, TRAIN, [gff], weights, tile_bp=500)
    assert [str(place) for place in found.places] == [
        "chr1:1-2000", "chr1:2001-2500", "chr1:2501-3000", "chr1:3001-4000", "chr1:4001-10000", "chr2:501-3000",
    ]  # fmt: skip
    ratios = np.array(found.densities) / found.densities[3]
    assert ratios.tolist() == pytest.approx([0.5, 8, 4, 1, 0.5, 0.5])
    lengths = np.array([len(place) for place in found.places])
    assert lengths.sum() == 12_500 and (lengths * found.densities).sum() == pytest.approx(12_500)


def test_the_first_type_named_wins(gff: str) -> None:
    found = region_places(GENOME, TRAIN, [gff], {"gene": 4, "CDS": 16}, tile_bp=500)
    assert [str(place) for place in found.places][:3] == ["chr1:1-2000", "chr1:2001-4000", "chr1:4001-10000"]
    assert found.densities[1] / found.densities[0] == pytest.approx(4)


def test_mixed_tiles_and_pieces(gff: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {"CDS": 4, "intergenic": 0.25}
    whole = region_places(GENOME, TRAIN, [gff], weights, tile_bp=1000)
    # 2001-3000 is half CDS and half of weight 1: 2.5, to a quarter of a doubling
    assert whole.densities[1] / whole.densities[2] == pytest.approx(2 ** (round(np.log2(2.5) * 4) / 4))
    monkeypatch.setattr(region_weights, "_PIECE_BP", 1000)
    assert region_places(GENOME, TRAIN, [gff], weights, tile_bp=1000) == whole


def test_windows_are_drawn_by_weight_and_weight_zero_is_not_drawn(gff: str) -> None:
    found = region_places(GENOME, TRAIN, [gff], {"gene": 3, "intergenic": 0}, tile_bp=500)
    sampler = WindowSampler(found.places, 100, seed=0, both_strands=False, densities=found.densities)
    drawn = [sampler[i] for i in range(300)]
    assert {window.chrom for window in drawn} == {"chr1"}
    assert all(window.start >= 2000 and window.end <= 4000 for window in drawn)
    found = region_places(GENOME, TRAIN, [gff], {"gene": 4}, tile_bp=500)
    sampler = WindowSampler(found.places, 100, seed=0, both_strands=False, densities=found.densities)
    in_gene = Counter(w.chrom == "chr1" and 2000 <= w.start < 4000 for w in (sampler[i] for i in range(2000)))
    assert in_gene[True] / 2000 == pytest.approx(4 * 2000 / (4 * 2000 + 10_500), abs=0.01)


def test_a_genome_without_annotation_keeps_its_share(gff: str) -> None:
    genome = LoadedGenomes()
    genome.add("one", "chr1", GENOME["chr1"])
    genome.add("other", "chr2", GENOME["chr2"])
    found = region_places(genome, TRAIN, [gff], {"CDS": 16, "intergenic": 0.25}, tile_bp=500)
    by_contig: Counter[str] = Counter()
    for place, density in zip(found.places, found.densities, strict=True):
        by_contig[place.chrom] += round(1000 * len(place) * density)
    assert by_contig == {"chr1": pytest.approx(10_000_000, abs=9), "chr2": 2_500_000}


@pytest.mark.parametrize(
    ("content", "weights", "message"),
    [
        (GFF, {"CDs": 2}, "genome.region_weights: no row of type 'CDs'; there are gene, exon, CDS"),
        (GFF.replace("4000", "40000"), {"CDS": 2}, r"genes.gff3:3: gene 2001-40000 ends past chr1"),
        (GFF.replace("chr1", "1x"), {"CDS": 2}, r"no row lies on a contig of the genome \(4 lie on others\)"),
        (GFF, {"gene": 0, "intergenic": 0}, "nothing that is trained on has a weight above 0"),
        (GFF.replace("2001\t4000", "4000\t2001"), {"CDS": 2}, r"genes.gff3:3: .*1 <= start <= end"),
    ],
)
def test_mistakes(content: str, weights: dict[str, float], message: str, gff: str) -> None:
    Path(gff).write_text(content)
    with pytest.raises(InputError, match=message):
        region_places(GENOME, TRAIN, [gff], weights, tile_bp=500)
