"""The model's score as the score command gives it, and simpler predictors by hand."""

import numpy as np
import pytest

from dna_mamba.data.markov import MarkovBaselines, best
from dna_mamba.evaluation.predictors import codon_usage_llr, gc_lost, is_in_cpg, is_transversion, markov_llr, model_llr
from dna_mamba.evaluation.substitutions import Substitutions
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import read_coding
from tests.evaluation.genes import EXON_1, EXON_2, World
from tests.worlds import llr_by_hand, small_model

Every = tuple[Substitutions, FastaReader]


def test_the_models_score_is_that_of_the_score_command(every: Every) -> None:
    rows, genome = every
    some = rows.take(np.arange(0, len(rows.position), 17))
    told: list[int] = []
    llr = model_llr(some, genome, small_model(), context_bp=33, batch_size=3, advance=told.append)
    assert sum(told) == len(set(zip(some.chrom.tolist(), some.position.tolist(), strict=True))) and max(told) == 3
    expected = [
        llr_by_hand(small_model(), genome.fetch(chrom).decode(), Variant(chrom, p + 1, "ACGT"[r], "ACGT"[a]), 33)
        for chrom, p, r, a in zip(some.chrom.tolist(), some.position.tolist(), some.ref, some.alt, strict=True)
    ]
    np.testing.assert_allclose(llr, expected, atol=1e-4)


def test_markov_counts_are_those_of_the_baseline(every: Every) -> None:
    """Ratios to the three other bases give p(ref), and with it the loss that data/markov.py states."""
    rows, genome = every
    train = [genome.codes("chr3")]
    llr, baselines = markov_llr(rows, genome, train, 1), MarkovBaselines(train, 3)
    for position in np.unique(rows.position[rows.chrom == "chr1"]):
        here = (rows.chrom == "chr1") & (rows.position == position)
        bits = np.log2(1 + np.exp(llr[here]).sum())
        context = genome.codes("chr1", int(position) - 1, int(position) + 2)
        assert bits == pytest.approx(best(baselines.losses([context]), "two-sided").bits_per_base)
    mirror = llr[rows.chrom == "chr2"]
    np.testing.assert_allclose(mirror, llr[rows.chrom == "chr1"])


def test_simple_predictors(every: Every, world: World) -> None:
    rows, genome = every
    inside = is_in_cpg(rows, genome)
    kinds = zip(rows.ref, rows.alt, is_transversion(rows), gc_lost(rows), strict=True)
    for ref, alt, transversion, lost in kinds:
        pair = "ACGT"[ref] + "ACGT"[alt]
        assert transversion == (pair not in ("AG", "GA", "CT", "TC"))
        assert lost == (pair[0] in "CG") - (pair[1] in "CG")
    chr1 = genome.fetch("chr1").decode()
    for chrom, position, got in zip(rows.chrom, rows.position, inside, strict=True):
        if chrom == "chr1":
            assert got == ("CG" in (chr1[position - 1 : position + 1], chr1[position : position + 2]))
    read = read_coding(world.genes)
    usage = codon_usage_llr(rows, genome, read.sequences)
    here = EXON_1 + EXON_2
    in_gene = {here[k : k + 3] for k in range(0, 27, 3)}  # each once in both genes
    new = ["".join("ACGT"[codon >> shift & 3] for shift in (4, 2, 0)) for codon in rows.new_codon]
    np.testing.assert_allclose(usage, [0 if codon in in_gene else np.log(0.5 / 2.5) for codon in new])
    assert usage.max() == 0 and (usage[rows.consequence == 2] < 0).all()


def test_markov_counts_need_a_whole_context(every: Every) -> None:
    """The last positions with a whole context are asked about, the next ones are not."""
    rows, genome = every
    length = genome.length("chr1")
    asked = [1, 2, length - 3, length - 2]
    refs = (genome.codes("chr1")[asked] & 3).astype(np.int64)
    some = rows.take(np.arange(4))._replace(
        chrom=np.full(4, "chr1"), position=np.array(asked), ref=refs, alt=(refs + 1) % 4
    )
    ratio = markov_llr(some, genome, [genome.codes("chr3")], 2)
    assert (ratio == 0).tolist() == [True, False, False, True]
