"""Rows into a table: all of them, in order, stopped and resumed, in shards, through a pipe."""

import io

import pyarrow.parquet
import pytest

from dna_mamba.errors import InputError
from dna_mamba.inference.sequence_source import SequenceSource
from dna_mamba.io.fasta import FastaReader
from dna_mamba.runs import progress_directory
from dna_mamba.scoring.predictions import job as job_module
from dna_mamba.scoring.predictions.inputs import rows_of
from dna_mamba.scoring.predictions.job import PredictJob
from dna_mamba.scoring.predictions.merge import merge_predictions
from dna_mamba.scoring.predictions.rows import SequenceRows
from dna_mamba.scoring.predictions.target import PredictionTarget
from tests.scoring.predictions.worlds import GENES, head_model
from tests.worlds import random_sequence, small_model, write_fasta

LETTERS = {f"s{i}": random_sequence(10 + i % 37, i) for i in range(300)} | {"empty": "", "n": "NNN"}


@pytest.fixture
def fasta(tmp_path):
    return write_fasta(tmp_path / "in.fa", LETTERS)


def job_of(path, **options):
    return PredictJob(rows_of(path), head_model(), **options)


def test_every_row_comes_out_in_order(fasta, tmp_path):
    advanced = []
    summary = job_of(fasta).run(PredictionTarget(tmp_path / "p.tsv"), command="predict", advance=advanced.append)
    *above, names = [line for line in (tmp_path / "p.tsv").read_text().split("\n")[:3]]
    assert [line[:13] for line in above] == ["##dna-mamba_p"] * 2 and "weights_sha256=" in above[1]
    assert names == "id\tno\tyes\tDM_STATUS"
    rows = [line.split("\t") for line in (tmp_path / "p.tsv").read_text().splitlines()[3:]]
    assert [row[0] for row in rows] == list(LETTERS)
    assert {row[0]: row[3] for row in rows if row[3] != "OK"} == {"empty": "EMPTY", "n": "N_ONLY"}
    assert all(float(row[1]) + float(row[2]) == pytest.approx(1, abs=1e-6) for row in rows if row[3] == "OK")
    assert (summary.n_rows, summary.n_answered, sum(advanced)) == (302, 300, 302)
    assert not list(tmp_path.glob(".*"))


def test_two_runs_are_equal_to_the_byte_and_parquet_holds_the_same(fasta, tmp_path):
    for name in ("a.tsv", "b.tsv", "c.parquet"):
        job_of(fasta).run(PredictionTarget(tmp_path / name))
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()
    table = pyarrow.parquet.read_table(tmp_path / "c.parquet")
    assert table.column_names == ["id", "no", "yes", "DM_STATUS"] and table["yes"].null_count == 2
    assert table["yes"].type == "float" and table["id"].to_pylist() == list(LETTERS)


@pytest.mark.parametrize("name", ["p.tsv", "p.tsv.gz", "p.parquet"])
def test_shards_put_together_are_one_run_to_the_byte(fasta, tmp_path, name):
    job = job_of(fasta)
    job.run(PredictionTarget(tmp_path / name))
    paths = [tmp_path / f"{i}.{name}" for i in (3, 1, 4, 2)]
    for path in paths:
        job.run(PredictionTarget(path), shard=f"{path.name[0]}/4")
    summary = merge_predictions(paths, PredictionTarget(tmp_path / f"merged.{name}"))
    assert (tmp_path / f"merged.{name}").read_bytes() == (tmp_path / name).read_bytes()
    assert not isinstance(summary, list) and summary.n_rows == 302


def test_what_was_done_before_a_kill_is_not_done_again(fasta, tmp_path, monkeypatch):
    target = PredictionTarget(tmp_path / "p.tsv")
    job_of(fasta).run(PredictionTarget(tmp_path / "whole.tsv"))
    job, done = job_of(fasta), []

    def killed(count):
        done.append(count)
        if sum(done) > 130:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.run(target, advance=killed)
    assert progress_directory(target.path).is_dir() and not (tmp_path / "p.tsv").exists()
    with pytest.raises(InputError, match="give --resume"):
        job_of(fasta).run(target)
    monkeypatch.setattr(job_module, "positions_per_pass", lambda model: 64)
    rest = []
    job_of(fasta).run(target, resume=True, advance=rest.append)
    assert rest[0] >= 64 and sum(rest) == 302
    assert (tmp_path / "p.tsv").read_bytes() == (tmp_path / "whole.tsv").read_bytes()


def test_through_a_pipe(fasta, tmp_path, monkeypatch):
    job_of(fasta).run(PredictionTarget(tmp_path / "file.tsv"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(fasta.read_bytes()))))
    job = PredictJob(rows_of("-"), head_model())
    assert not job.is_repeatable
    with pytest.raises(InputError, match="read twice"):
        job.survey()
    job.run(PredictionTarget(tmp_path / "pipe.tsv"))
    assert (tmp_path / "pipe.tsv").read_bytes() == (tmp_path / "file.tsv").read_bytes()


def test_places_may_become_bed(tmp_path):
    genome = FastaReader(write_fasta(tmp_path / "g.fa", {"c": random_sequence(90)}))
    rows = SequenceRows(SequenceSource(genome, ["c:1-30", "c:31-90"]))
    PredictJob(rows, head_model()).run(PredictionTarget(tmp_path / "p.bed"))
    lines = (tmp_path / "p.bed").read_text().splitlines()
    assert [line.split("\t")[:3] for line in lines[1:]] == [["c", "0", "30"], ["c", "30", "90"]]
    with pytest.raises(InputError, match="BED needs places"):
        job_of(tmp_path / "g.fa").run(PredictionTarget(tmp_path / "q.bed"))


def test_no_rows_are_a_table_of_no_rows(tmp_path):
    (tmp_path / "t.tsv").write_text("id\tsequence\n")
    job = job_of(tmp_path / "t.tsv")
    job.run(PredictionTarget(tmp_path / "p.tsv"))
    assert (tmp_path / "p.tsv").read_text() == "id\tno\tyes\tDM_STATUS\n"
    assert job.estimate().positions == 0


def test_other_models_are_refused(fasta):
    with pytest.raises(InputError, match="not a model with a head"):
        PredictJob(rows_of(fasta), small_model())
    with pytest.raises(InputError, match="a head for bases, not for whole sequences; give a genome"):
        PredictJob(rows_of(fasta), head_model(GENES))


def test_an_estimate_counts_every_base(fasta):
    job = job_of(fasta)
    assert job.survey().n_rows == 302 and job.estimate().positions == sum(map(len, LETTERS.values()))
