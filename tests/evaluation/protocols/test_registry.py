"""The benchmarks by name."""

import pytest

from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.registry import PublishedTable, protocol_names, protocol_of

N_TASKS = {
    "bend": 7,
    "dart-eval": 5,
    "geneb": 100,
    "genomic-benchmarks": 8,
    "gue": 28,
    "nucleotide-transformer": 18,
    "nucleotide-transformer-revised": 18,
    "traitgym": 2,
}


@pytest.mark.parametrize("name", N_TASKS)
def test_every_benchmark_is_whole(name):
    protocol = protocol_of(name)
    assert len(protocol.tasks) == N_TASKS[name] and protocol.data.startswith("https://")
    judged = [task for task, of in protocol.tasks.items() if not of.not_judged]
    for task in judged:
        of = protocol.tasks[task]
        assert (of.rows == "sequences") == (of.file == "") and (of.rows == "sequences" or protocol.genome)
    for file in protocol.files_of(tuple(protocol.tasks)):
        assert "{" not in file.path + file.url and file.url.startswith("https://")
    assert len(protocol.files_of(tuple(protocol.tasks))) == len(judged) * len(protocol.files)
    for table in protocol.published:
        assert set(table.values) == set(protocol.tasks) and ("Table" in table.source or "leaderboard" in table.source)
        assert table.spreads == {} or set(table.spreads) == set(table.values)
        assert all(0 <= value < 1 for numbers in table.values.values() for value in numbers)


def published(name, task, model):
    value = next(value for value in protocol_of(name).published_of(task) if value.model == model)
    return value


def test_published_numbers_are_where_they_are_printed():
    assert published("nucleotide-transformer", "splice_sites_donors", "Caduceus-Ph (1.9M)").value == 0.948
    assert published("nucleotide-transformer", "H3", "NT-v2 (500M)")[3:5] == (0.784, 0.047)
    assert published("nucleotide-transformer", "H3K9ac", "DNABERT-2 (117M)")[3:5] == (0.542, 0.029)
    assert published("nucleotide-transformer", "promoter_all", "DNABERT-2 (117M)").metric == "f1"
    assert published("genomic-benchmarks", "human_nontata_promoters", "Caduceus-PS (470k)").value == 0.945
    assert published("genomic-benchmarks", "human_ocr_ensembl", "HyenaDNA (436k)").value == 0.783


def test_genebs_probes_have_the_mean_that_its_leaderboard_states():
    (table,) = protocol_of("geneb").published
    means = [sum(numbers) / 100 for numbers in zip(*table.values.values(), strict=True)]
    stated = {"Caduceus-PS": 0.38365, "HyenaDNA": 0.46773, "NT": 0.56114, "DNABERT-2": 0.50604, "GENERator": 0.58050}
    assert [model.split(" (")[0] for model in table.models] == list(stated)
    assert means == pytest.approx(list(stated.values()), abs=2e-4)


@pytest.mark.parametrize(
    ("name", "task", "value"),
    [
        ("gue", "tf/3", 0.458),
        ("gue", "virus/covid", 0.071),
        ("nucleotide-transformer-revised", "H3K9me3", 0.409),
        ("nucleotide-transformer", "promoter_tata", 0.904),
        ("genomic-benchmarks", "demo_human_or_worm", 0.928),
    ],
)
def test_a_task_that_geneb_has_too_stands_beside_its_probes(name, task, value):
    found = published(name, task, "GENERator (eukaryote 1.2B)")
    assert (found.value, found.metric) == (value, "mcc") and found.spread is None


def test_a_table_has_a_number_for_each_model():
    with pytest.raises(ValueError, match="2 numbers for 1 models"):
        PublishedTable(models=("a",), how="", source="", values={"t": (0.1, 0.2)})


def test_a_name_that_is_not_there_is_refused_with_those_that_are():
    assert protocol_names() == list(N_TASKS)
    with pytest.raises(InputError, match=r"no benchmark 'glue'; choose among bend, dart-eval, geneb"):
        protocol_of("glue")
