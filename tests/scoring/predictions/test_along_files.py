"""Answers along contigs as files: runs of classes, rows, tracks, genes."""

from dna_mamba.scoring.predictions import units as units_module
from dna_mamba.scoring.predictions.along_files import class_runs, output_files, table_lines, write_along
from dna_mamba.scoring.predictions.target import PredictionTarget
from dna_mamba.scoring.predictions.units import AlongReading
from tests.scoring.predictions.laid_out import answers_of
from tests.scoring.predictions.worlds import TRACKS

P = [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.5, 0.5], [0.4, 0.6], [0.1, 0.9]]


def test_runs_end_at_n_and_where_the_class_changes(monkeypatch):
    monkeypatch.setattr(units_module, "PART_BP", 1)
    answers = answers_of("ACGNAC", P, reading=AlongReading(2, 0))
    assert len(answers.units) > 2
    runs = [(run.start, run.end, run.which, round(run.mean, 4)) for run in class_runs(answers)]
    assert runs == [(0, 2, 0, 0.8), (2, 3, 1, 0.8), (4, 6, 1, 0.75)]


def test_bed_says_class_strand_and_probability(tmp_path):
    write_along(answers_of("ACGNAC", P, regions=[(1, 3)]), PredictionTarget(tmp_path / "a.bed"), ["##v"], force=False)
    assert (tmp_path / "a.bed").read_text().splitlines() == [
        "##v",
        "#chrom\tstart\tend\tclass\tscore\tstrand\tprobability",
        "c\t1\t2\tx+\t700\t+\t0.699999988",
        "c\t2\t3\tx-\t800\t-\t0.800000012",
    ]


def test_a_row_a_bin_of_a_region():
    lines = list(table_lines(answers_of("ACGTNNNN", [[1, 2], [3, 4]], bin_bp=4)))
    assert lines == ["c\t0\t4\t1\t2\tOK", "c\t4\t8\t.\t.\tN_ONLY"]


def test_a_file_for_each_track(tmp_path):
    answers = answers_of("ACGTNNNN", [[1, 2], [3, 4]], bin_bp=4, outputs=("cov/1", "b"))
    target = PredictionTarget(tmp_path / "t.bedgraph")
    files = output_files(target, answers.head, answers.contigs)
    assert files == [str(tmp_path / f"t.{name}.bedgraph") for name in ("cov-1", "b")]
    write_along(answers, target, [], force=False)
    lines = (tmp_path / "t.b.bedgraph").read_text().splitlines()
    assert lines[1:] == [f"c\t{i}\t{i + 1}\t2" for i in range(4)]
    assert output_files(PredictionTarget(tmp_path / "t.tsv"), TRACKS, answers.contigs) == [str(tmp_path / "t.tsv")]
