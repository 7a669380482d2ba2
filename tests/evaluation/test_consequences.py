"""The check as a whole, on a genome of two genes."""

import json

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.evaluation.consequences import (
    MODEL,
    ChosenSubstitutions,
    ConsequenceOptions,
    ConsequenceReport,
    baseline_scores,
    check_consequences,
    choose_substitutions,
)
from dna_mamba.evaluation.discrimination import auroc
from dna_mamba.evaluation.predictors import model_llr
from dna_mamba.evaluation.substitutions import NONSENSE, SYNONYMOUS
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import read_coding
from tests.evaluation.genes import World
from tests.worlds import small_model

OPTIONS = ConsequenceOptions(("chr1", "chr2"), per_class=5, context_bp=33, n_resamples=20)


def check(world: World, options: ConsequenceOptions = OPTIONS) -> tuple[ChosenSubstitutions, ConsequenceReport]:
    with FastaReader(world.genome) as genome:
        chosen = choose_substitutions(genome, read_coding(world.genes), options)
        return chosen, check_consequences(chosen, genome, small_model(), options)


def test_what_is_found_is_what_the_model_says(world: World) -> None:
    chosen, report = check(world)
    assert report.facts["scored"] == {"synonymous": 5, "missense": 5, "nonsense": 5}
    assert sum(report.facts["substitutions"].values()) == 2 * 8 * 3 * 3 and report.facts["genes"] == 2
    with FastaReader(world.genome) as genome:
        llr = model_llr(chosen.rows, genome, small_model(), context_bp=33)
        baselines = baseline_scores(chosen, genome)
    of_class = chosen.rows.consequence
    two = np.flatnonzero((of_class == SYNONYMOUS) | (of_class == NONSENSE))
    worse = (of_class[two] == NONSENSE).astype(np.int64)
    overall = report.auroc["nonsense against synonymous"]["overall"]
    assert overall[MODEL].value == pytest.approx(auroc(np.zeros_like(worse), worse, -llr[two]))
    assert overall.keys() == {MODEL, *baselines}
    for name, score in baselines.items():
        assert overall[name].value == pytest.approx(auroc(np.zeros_like(worse), worse, score[two]))
    for kind, name in enumerate(("synonymous", "missense", "nonsense")):
        assert report.facts["median_llr_nats"][name] == pytest.approx(np.median(llr[of_class == kind]), abs=1e-5)


def test_a_report_is_plain_json_and_a_table(world: World) -> None:
    _, report = check(world)
    content = json.loads(json.dumps(report.as_json()))
    assert content.pop("auroc").keys() == report.auroc.keys() and content == report.facts
    table = list(report.rows())
    assert len(table) == 2 * 4 * 6
    for comparison, within, score, found in table:
        assert report.as_json()["auroc"][comparison][within][score] == found._asdict()


def test_what_is_counted_is_neither_held_out_nor_excluded(world: World) -> None:
    with FastaReader(world.genome) as genome:
        genes = read_coding(world.genes)
        some = choose_substitutions(genome, genes, ConsequenceOptions(("chr1",)))
        fewer = choose_substitutions(genome, genes, ConsequenceOptions(("chr1",), excluded=("chr2",)))
        assert ([p.chrom for p in some.train], [g.chrom for g in some.train_genes]) == (["chr2", "chr3"], ["chr2"])
        assert ([p.chrom for p in fewer.train], fewer.train_genes) == (["chr3"], [])
        assert set(some.rows.chrom.tolist()) == {"chr1"}
        assert baseline_scores(fewer, genome)["codon usage (told the frame)"].tolist() == [0] * len(fewer.rows.chrom)
        assert np.abs(baseline_scores(some, genome)["codon usage (told the frame)"]).max() > 0


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (ConsequenceOptions(("chr9",)), "no contig 'chr9'"),
        (ConsequenceOptions(("chr1",), excluded=("chr9",)), "no contig 'chr9'"),
        (ConsequenceOptions(("chr3",)), "no coding sequence on the held-out contigs"),
        (ConsequenceOptions(("chr1",), excluded=("chr2", "chr3")), "no contig is left"),
        (ConsequenceOptions(("chr1",), genetic_code=99), "no genetic code 99"),
    ],
)
def test_mistakes_are_named(options: ConsequenceOptions, hint: str, world: World) -> None:
    with FastaReader(world.genome) as genome, pytest.raises(InputError, match=hint):
        choose_substitutions(genome, read_coding(world.genes), options)
