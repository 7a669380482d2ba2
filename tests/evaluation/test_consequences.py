"""The label-free check on a genome of a few genes, each worked out by hand or by Biopython."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from Bio.Seq import Seq
from sklearn.metrics import roc_auc_score

from dna_mamba.alphabet import reverse_complement
from dna_mamba.checkpoints import save_model
from dna_mamba.data.markov import markov_loss
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from tests.worlds import llr_by_hand, random_sequence, small_model, write_fasta

EXON_1, INTRON, EXON_2 = "ATGTGGAAAC", "GTAAGTTTTTAG", "GATACTGTTATCGCATAA"
"""Spliced: ATG TGG AAA CGA TAC TGT TAT CGC ATA A; the last codon is cut short."""
GENE = EXON_1 + INTRON + EXON_2
LEFT, RIGHT = 5, 7


HOMES = {"coding": "dna_mamba.io.gff", "consequences": "dna_mamba.cli.evaluate"}


def load(name):
    return importlib.import_module(HOMES.get(name, f"dna_mamba.evaluation.{name}"))


def gff(rows):
    return "##gff-version 3\n" + "".join(
        f"{chrom}\ttest\tCDS\t{start + 1}\t{end}\t.\t{strand}\t{phase}\tID=c;Parent={parent}\n"
        for chrom, start, end, strand, phase, parent in rows
    )


def forward_rows(chrom="chr1", parent="m1"):
    first = LEFT + len(EXON_1)
    second = first + len(INTRON)
    return [(chrom, LEFT, first, "+", 0, parent), (chrom, second, second + len(EXON_2), "+", 2, parent)]


def mirrored(rows, length):
    return [(chrom, length - b, length - a, "-", phase, parent) for chrom, a, b, _, phase, parent in rows]


@pytest.fixture
def world(tmp_path):
    """One spliced gene on chr1, its mirror image on chr2, and chr3 without a gene."""
    chr1 = "C" * LEFT + GENE + "G" * RIGHT
    chr2 = reverse_complement(chr1)
    path = write_fasta(tmp_path / "genome.fa", {"chr1": chr1, "chr2": chr2, "chr3": random_sequence(400, 5)})
    rows = forward_rows() + mirrored(forward_rows("chr2", "m2"), len(chr1))
    (tmp_path / "genes.gff3").write_text(gff(rows))
    return path, tmp_path / "genes.gff3"


def codons(sequence, genome):
    letters = "".join(genome.fetch(sequence.chrom, p, p + 1).decode() for p in sequence.positions)
    return letters if sequence.strand == "+" else letters.translate(str.maketrans("ACGT", "TGCA"))


def test_codons_run_over_introns_and_on_both_strands(world):
    with FastaReader(world[0]) as genome:
        read = [codons(sequence, genome) for sequence in load("coding").read_coding(world[1]).sequences]
    assert read == ["ATGTGGAAACGATACTGTTATCGCATA"] * 2


def test_gtf_reads_the_same(world, tmp_path):
    lines = []
    for line in world[1].read_text().splitlines()[1:]:
        *columns, attributes = line.split("\t")
        transcript = attributes.rpartition("=")[2]
        lines.append("\t".join([*columns, f'gene_id "g"; transcript_id "{transcript}";']))
    (tmp_path / "genes.gtf").write_text("\n".join(lines) + "\n")
    coding = load("coding")
    (read,) = coding.read_coding(tmp_path / "genes.gtf").sequences  # one gene, one transcript
    assert read.gene == "g"
    np.testing.assert_array_equal(read.positions, coding.read_coding(world[1]).sequences[0].positions)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("c", 0, 10, "+", 0, "m"), ("c", 20, 30, "+", 0, "m")], "phases contradict"),
        ([("c", 0, 12, "+", 0, "m"), ("c", 9, 30, "+", 0, "m")], "overlap"),
        ([("c", 0, 12, "+", 0, "m"), ("d", 20, 30, "+", 0, "m")], "several contigs"),
    ],
)
def test_transcripts_that_make_no_sense_are_counted(rows, reason, tmp_path):
    (tmp_path / "g.gff").write_text(gff(rows))
    read = load("coding").read_coding(tmp_path / "g.gff")
    assert not read.sequences and [(reason in why, n) for why, n in read.left_out.items()] == [(True, 1)]


def test_a_partial_first_codon_is_skipped(tmp_path):
    (tmp_path / "g.gff").write_text(gff([("c", 10, 20, "+", 2, "m")]))
    (sequence,) = load("coding").read_coding(tmp_path / "g.gff").sequences
    assert sequence.positions.tolist() == list(range(12, 18))


def test_the_longest_transcript_of_a_gene(tmp_path):
    text = "c\tt\tmRNA\t1\t90\t.\t+\t.\tID=a;Parent=g\nc\tt\tmRNA\t1\t90\t.\t+\t.\tID=b;Parent=g\n"
    rows = gff([("c", 0, 30, "+", 0, "a"), ("c", 0, 60, "+", 0, "b")])
    (tmp_path / "g.gff").write_text(text + rows)
    read = load("coding").read_coding(tmp_path / "g.gff")
    assert [(s.gene, len(s.positions)) for s in read.sequences] == [("g", 60)]
    assert sum(read.left_out.values()) == 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("c\tt\tCDS\t9\t3\t.\t+\t0\tID=a\n", "bad.gff:1: CDS 9-3"),
        ("#\nc\tt\tCDS\t1\t3\t.\t+\t.\tID=a\n", "bad.gff:2: CDS 1-3 on strand '[+]' with phase '.'"),
        ("c\tt\tCDS\n", "3 columns"),
        ("", "no CDS rows"),
    ],
)
def test_damaged_annotations(text, hint, tmp_path):
    (tmp_path / "bad.gff").write_text(text)
    with pytest.raises(InputError, match=hint):
        load("coding").read_coding(tmp_path / "bad.gff")


def test_consequences_against_translation(world):
    """Every substitution is written into the genome, spliced and translated by Biopython."""
    module, read = load("substitutions"), load("coding").read_coding(world[1])
    spliced = EXON_1 + EXON_2
    before = str(Seq(spliced[:27]).translate())
    where = [*range(LEFT, LEFT + len(EXON_1)), *range(LEFT + len(EXON_1 + INTRON), LEFT + len(GENE))]
    with FastaReader(world[0]) as genome:
        rows, _ = module.every_substitution(genome, read.sequences, ["chr1"])
        mirror, _ = module.every_substitution(genome, read.sequences, ["chr2"])
    assert len(rows.position) == 8 * 3 * 3  # codons but the first, places, other bases
    for position, alt, got in zip(rows.position, rows.alt, rows.consequence, strict=True):
        at = where.index(position)
        after = str(Seq((spliced[:at] + "ACGT"[alt] + spliced[at + 1 :])[:27]).translate())
        expected = "synonymous" if after == before else "nonsense" if after.count("*") else "missense"
        assert module.CLASSES[got] == expected
    assert set(rows.consequence) == {0, 1, 2}
    last = LEFT + len(GENE) + RIGHT - 1
    np.testing.assert_array_equal(mirror.position, last - rows.position)
    np.testing.assert_array_equal(mirror.alt, 3 - rows.alt)
    for column in ("sense_ref", "sense_alt", "codon_position", "consequence", "codon", "new_codon"):
        np.testing.assert_array_equal(getattr(mirror, column), getattr(rows, column))


def test_what_is_not_asked(tmp_path):
    """Codons of two genes, with N, stops and first codons; a gene with a stop inside is none."""
    sequence = "ATGAAACCCGGGNNNTTTTAA" + "ATGTAAAAA"
    path = write_fasta(tmp_path / "g.fa", {"c": sequence})
    (tmp_path / "g.gff").write_text(
        gff([("c", 0, 21, "+", 0, "a"), ("c", 6, 9, "+", 0, "b"), ("c", 21, 30, "+", 0, "early")])
    )
    module, read = load("substitutions"), load("coding").read_coding(tmp_path / "g.gff")
    with FastaReader(path) as genome:
        rows, left_out = module.every_substitution(genome, read.sequences, ["c"])
        assert sorted(set(rows.position.tolist())) == [3, 4, 5, 9, 10, 11, 15, 16, 17]
        assert left_out == {"a stop codon before the last": 1}
        with pytest.raises(InputError, match="no coding sequence"):
            module.every_substitution(genome, read.sequences, [])
    with pytest.raises(InputError, match="no genetic code 99"):
        module.amino_acids(99)
    assert (module.amino_acids(2) == "*").sum() == 4  # vertebrate mitochondria: TAA TAG AGA AGG


def test_samples_are_seeded_and_balanced(world):
    module, read = load("substitutions"), load("coding").read_coding(world[1])
    with FastaReader(world[0]) as genome:
        every, _ = module.every_substitution(genome, read.sequences, ["chr1", "chr2"])
    one, again, other = (module.sample(every, 4, seed) for seed in (0, 0, 1))
    assert np.bincount(one.consequence).tolist() == [4, 4, 4]
    np.testing.assert_array_equal(one.position, again.position)
    assert one.position.tolist() != other.position.tolist()
    assert len(module.sample(every, None, 0).position) == len(every.position)


@pytest.fixture
def every(world):
    read = load("coding").read_coding(world[1])
    with FastaReader(world[0]) as genome:
        yield load("substitutions").every_substitution(genome, read.sequences, ["chr1", "chr2"])[0], genome


def test_the_models_score_is_that_of_the_score_command(every):
    rows, genome = every
    some = rows.take(np.arange(0, len(rows.position), 17))
    llr = load("predictors").model_llr(some, genome, small_model(), context_bp=33, batch_size=3)
    expected = [
        llr_by_hand(small_model(), genome.fetch(chrom).decode(), Variant(chrom, p + 1, "ACGT"[r], "ACGT"[a]), 33)
        for chrom, p, r, a in zip(some.chrom.tolist(), some.position.tolist(), some.ref, some.alt, strict=True)
    ]
    np.testing.assert_allclose(llr, expected, atol=1e-4)


def test_markov_counts_are_those_of_the_baseline(every):
    """Ratios to the three other bases give p(ref), and with it the loss that training/markov.py states."""
    rows, genome = every
    train = [genome.codes("chr3")]
    llr = load("predictors").markov_llr(rows, genome, train, 1)
    for position in np.unique(rows.position[rows.chrom == "chr1"]):
        here = (rows.chrom == "chr1") & (rows.position == position)
        bits = np.log2(1 + np.exp(llr[here]).sum())
        context = genome.codes("chr1", int(position) - 1, int(position) + 2)
        assert bits == pytest.approx(markov_loss(train, [context], 1, 1).bits_per_base)
    mirror = llr[rows.chrom == "chr2"]
    np.testing.assert_allclose(mirror, llr[rows.chrom == "chr1"])


def test_simple_predictors(every):
    rows, genome = every
    module = load("predictors")
    inside = module.is_in_cpg(rows, genome)
    kinds = zip(rows.ref, rows.alt, module.is_transversion(rows), module.gc_lost(rows), strict=True)
    for ref, alt, transversion, lost in kinds:
        pair = "ACGT"[ref] + "ACGT"[alt]
        assert transversion == (pair not in ("AG", "GA", "CT", "TC"))
        assert lost == (pair[0] in "CG") - (pair[1] in "CG")
    chr1 = genome.fetch("chr1").decode()
    for chrom, position, got in zip(rows.chrom, rows.position, inside, strict=True):
        if chrom == "chr1":
            assert got == ("CG" in (chr1[position - 1 : position + 1], chr1[position : position + 2]))
    read = load("coding").read_coding(Path(genome.path).with_name("genes.gff3"))
    usage = module.codon_usage_llr(rows, genome, read.sequences)
    here = EXON_1 + EXON_2
    in_gene = {here[k : k + 3] for k in range(0, 27, 3)}  # each once in both genes
    new = ["".join("ACGT"[codon >> shift & 3] for shift in (4, 2, 0)) for codon in rows.new_codon]
    np.testing.assert_allclose(usage, [0 if codon in in_gene else np.log(0.5 / 2.5) for codon in new])
    assert usage.max() == 0 and (usage[rows.consequence == 2] < 0).all()


def test_auroc_against_scikit_learn():
    generator = np.random.default_rng(1)
    n = 200
    label, stratum = generator.integers(0, 2, n), generator.integers(0, 3, n)
    score, weights = np.round(generator.normal(size=n), 1), generator.integers(0, 4, (5, n)).astype(float)
    auroc_within = load("discrimination").auroc_within
    overall = auroc_within(np.zeros(n, int), label, score, weights)
    np.testing.assert_allclose(overall, [roc_auc_score(label, score, sample_weight=w) for w in weights])
    for weight, got in zip(weights, auroc_within(stratum, label, score, weights), strict=True):
        strata = [np.nonzero(stratum == s)[0] for s in range(3)]
        pairs = [weight[r][label[r] == 1].sum() * weight[r][label[r] == 0].sum() for r in strata]
        each = [roc_auc_score(label[r], score[r], sample_weight=weight[r]) for r in strata]
        assert got == pytest.approx(np.average(each, weights=pairs))
    assert np.isnan(auroc_within(label, label, score, weights)).all()


def test_genes_are_drawn_whole():
    gene = np.array(["a", "b", "a", "c", "b"])
    weights = load("discrimination").gene_weights(gene, 50, 0)
    assert (weights[:, 0] == weights[:, 2]).all() and (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(1) == 3).all() and len(np.unique(weights, axis=0)) > 5


def run(world, tmp_path, monkeypatch, *words):
    genome, annotation = map(str, world)
    arguments = [genome, annotation, "-m", str(tmp_path / "model"), "--context", "33", "--threads", "1", *words]
    monkeypatch.setattr(sys, "argv", ["pipelines/consequences.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        load("consequences").main()
    return ended.value.code


def test_the_command(world, tmp_path, monkeypatch, capsys):
    save_model(small_model(), tmp_path / "model")
    options = ["--held-out", "chr1", "--held-out", "chr2", "--per-class", "5", "--resamples", "20"]
    assert run(world, tmp_path, monkeypatch, *options, "-o", str(tmp_path / "out.json")) == 0
    results = json.loads((tmp_path / "out.json").read_text())
    assert results["scored"] == {"synonymous": 5, "missense": 5, "nonsense": 5}
    table = [line.split("\t") for line in capsys.readouterr().out.splitlines()[1:]]
    assert len(table) == 2 * 4 * 6
    for worse, within, score, *numbers in table:
        stated = results["auroc"][worse][within][score]
        assert [f"{stated[key]:.3f}" for key in ("value", "low", "high")] == numbers
    overall = results["auroc"]["nonsense against synonymous"]["overall"]
    assert overall["model LLR"]["low"] <= overall["model LLR"]["value"] <= overall["model LLR"]["high"]
    assert run(world, tmp_path, monkeypatch, *options, "-o", str(tmp_path / "out.json")) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--held-out", "chr9"], "no contig 'chr9'"),
        (["--held-out", "chr3"], "no coding sequence on the held-out contigs"),
        (["--held-out", "chr1", "--exclude", "chr2", "--exclude", "chr3"], "no contig is left"),
        ([], "Missing option '--held-out'"),
    ],
)
def test_mistakes(words, hint, world, tmp_path, monkeypatch, capsys):
    save_model(small_model(), tmp_path / "model")
    assert run(world, tmp_path, monkeypatch, *words) == 2
    assert hint in capsys.readouterr().err.splitlines()[-1]
