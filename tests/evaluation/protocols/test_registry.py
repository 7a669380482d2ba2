"""The benchmarks by name."""

import pytest

from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.registry import protocol_names, protocol_of


@pytest.mark.parametrize(
    ("name", "n_tasks"),
    [("genomic-benchmarks", 8), ("gue", 28), ("nucleotide-transformer", 18), ("nucleotide-transformer-revised", 18)],
)
def test_every_benchmark_is_whole(name, n_tasks):
    protocol = protocol_of(name)
    assert len(protocol.tasks) == n_tasks and protocol.data.startswith("https://")
    for row in protocol.published:
        assert set(row.values) == set(protocol.tasks) and "Table" in row.source
        assert all(0.3 < value.value < 1 and 0 <= value.spread < 0.2 for value in row.values.values())


def test_published_numbers_are_where_the_paper_has_them():
    rows = {row.model: row.values for row in protocol_of("nucleotide-transformer").published}
    assert rows["Caduceus-Ph (1.9M)"]["splice_sites_donors"].value == 0.948
    assert (rows["NT-v2 (500M)"]["H3"].value, rows["NT-v2 (500M)"]["H3"].spread) == (0.784, 0.047)
    rows = {row.model: row.values for row in protocol_of("genomic-benchmarks").published}
    assert rows["Caduceus-PS (470k)"]["human_nontata_promoters"].value == 0.945
    assert rows["HyenaDNA (436k)"]["human_ocr_ensembl"].value == 0.783


def test_a_name_that_is_not_there_is_refused_with_those_that_are():
    assert protocol_names() == ["genomic-benchmarks", "gue", "nucleotide-transformer", "nucleotide-transformer-revised"]
    with pytest.raises(InputError, match=r"no benchmark 'glue'; choose among genomic-benchmarks, gue"):
        protocol_of("glue")
