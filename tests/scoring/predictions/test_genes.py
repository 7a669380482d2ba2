"""Genes are read off all answers of a contig, by a decoder that has learnt a sample of the genome."""

import numpy as np
import pytest

from dna_mamba.scoring.predictions import genes as genes_module
from dna_mamba.scoring.predictions import units as units_module
from dna_mamba.scoring.predictions.along_files import write_along
from dna_mamba.scoring.predictions.along_job import AlongJob
from dna_mamba.scoring.predictions.genes import gene_lines, learn_genome
from dna_mamba.scoring.predictions.target import PredictionTarget
from dna_mamba.scoring.predictions.units import AlongReading
from tests.annotation.test_adaptation import genome, poor_head
from tests.scoring.predictions.laid_out import answers_of
from tests.scoring.predictions.worlds import GENES, head_model
from tests.worlds import random_sequence, write_fasta


def answered(n_genes, seed=1, **reading):
    letters, genes = genome(n_genes, seed)
    p_LK = np.exp(poor_head(letters, genes, GENES.outputs, seed + 1))
    return answers_of(letters, p_LK, outputs=GENES.outputs, complement=GENES.complement, **reading)


@pytest.mark.parametrize("window", [0, 50])
def test_genes_are_read_off_all_parts_together(monkeypatch, window):
    """An open reading frame that the classes spell, over the edges of parts."""
    monkeypatch.setattr(units_module, "PART_BP", 1)
    gene = "ATG" + "GCT" * 60 + "TAA"
    letters = "CCC" * 10 + gene + "CCC" * 10
    p_LK = np.full((len(letters), len(GENES.outputs)), 0.01)
    p_LK[:, GENES.outputs.index("intergenic")] = 0.9
    for offset in range(len(gene)):
        p_LK[30 + offset] = 0.01
        p_LK[30 + offset, GENES.outputs.index(f"coding{offset % 3}+")] = 0.9
    answers = answers_of(
        letters, p_LK, outputs=GENES.outputs, complement=GENES.complement, reading=AlongReading(window, 0)
    )
    assert len(answers.units) == (1 if window == 0 else len(answers.units)) and (window == 0 or len(answers.units) > 3)
    rows = [line.split("\t") for line in gene_lines(answers, None)]
    assert [(row[2], row[3], row[4], row[6]) for row in rows if row[2] == "CDS"] == [("CDS", "31", "216", "+")]


def test_the_parts_in_which_a_genome_was_answered_change_nothing(monkeypatch):
    whole = answered(110)
    monkeypatch.setattr(units_module, "PART_BP", 1)
    parts = answered(110, reading=AlongReading(700, 10))
    assert len(parts.units) > 100
    learnt = learn_genome(parts)
    assert learnt.described() == learn_genome(whole).described() and learnt.statistics is not None
    assert list(gene_lines(parts, learnt.statistics)) == list(gene_lines(whole, learnt.statistics))


def test_of_a_long_genome_a_sample_is_learnt(monkeypatch):
    answers = answered(150)
    total_bp = sum(unit.end - unit.start for unit in answers.units)
    everything = learn_genome(answers)
    monkeypatch.setattr(genes_module, "_PIECE_BP", 5000)
    monkeypatch.setattr(genes_module, "SAMPLE_BP", total_bp // 2 + 1)
    some = learn_genome(answers)
    assert 0.2 * everything.n_genes < some.n_genes < 0.6 * everything.n_genes


def test_the_file_says_what_was_learnt_or_that_nothing_was(tmp_path):
    for n_genes, expected in ((110, "adapted to "), (5, "not adapted, ")):
        notes = write_along(answered(n_genes), PredictionTarget(tmp_path / f"{n_genes}.gff3"), [], force=False)
        assert len(notes) == 1 and notes[0].startswith(f"genes: {expected}")
        lines = (tmp_path / f"{n_genes}.gff3").read_text().splitlines()
        assert lines[0] == "##gff-version 3" and lines[1].startswith(f"#dna-mamba_predictGenes={expected}")


def test_a_run_says_that_its_genome_is_too_short_to_learn_from(tmp_path):
    job = AlongJob(write_fasta(tmp_path / "g.fa", {"phage": random_sequence(900, 1)}), head_model(GENES))
    job.run(PredictionTarget(tmp_path / "t.bed"))
    assert job.notes == []
    job.run(PredictionTarget(tmp_path / "t.gff3"))
    assert len(job.notes) == 1 and "genes are read off the head's answers alone" in job.notes[0]
