"""Embeddings into files, stopped and resumed; what cannot be embedded is refused before any work."""

import io

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader, FastaRecord
from dna_mamba.runs import ArrayStore, earlier_fact, progress_directory
from dna_mamba.scoring import embed
from dna_mamba.scoring.embeddings import vectors
from dna_mamba.scoring.embeddings.job import EmbedJob
from tests.worlds import random_sequence, small_model, write_fasta

SEQUENCES = {f"s{i}": random_sequence(5 + 7 * i % 40, seed=i) for i in range(10)}
TOTAL_BP = sum(map(len, SEQUENCES.values()))


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(vectors, "_WAITING", 3)


@pytest.fixture
def path(tmp_path):
    return write_fasta(tmp_path / "in.fa", SEQUENCES)


class StopError(Exception):
    pass


def stopped(job, output, after):
    done = 0

    def advance(count):
        nonlocal done
        done += count
        if done >= after:
            raise StopError

    with pytest.raises(StopError):
        job.run(output, advance=advance)
    assert not output.exists() and progress_directory(output).exists()


def test_a_survey_reads_without_the_model(path, monkeypatch):
    model = small_model()
    monkeypatch.setattr(model, "stream", lambda *_: pytest.fail("the model ran"))
    job = EmbedJob(path, model)
    assert job.survey() == (10, TOTAL_BP) and job.is_repeatable
    with pytest.raises(InputError, match="sequences from a pipe cannot be read twice"):
        EmbedJob([FastaRecord("a", "", b"ACGT")], model).survey()


@pytest.mark.parametrize("pool", ["mean", "none"])
@pytest.mark.parametrize("suffix", ["npz", "tsv"])
@pytest.mark.parametrize("after", [1, 60, TOTAL_BP])
def test_a_run_that_stopped_is_resumed(path, tmp_path, pool, suffix, after):
    whole, output = tmp_path / f"whole.{suffix}", tmp_path / f"out.{suffix}"
    EmbedJob(path, small_model(), pool=pool).run(whole)
    stopped(EmbedJob(path, small_model(), pool=pool), output, after)
    with pytest.raises(InputError, match="an earlier run stopped here"):
        EmbedJob(path, small_model(), pool=pool).run(output)
    model, told, read = small_model(), [], []
    inner = model.stream
    model.stream = lambda ids, *more, **how: read.append(len(ids)) or inner(ids, *more, **how)
    result = EmbedJob(path, model, pool=pool).run(output, resume=True, advance=told.append)
    assert sum(told) == TOTAL_BP
    n_kept = len(list(SEQUENCES)) - sum(read)
    assert n_kept % 3 == 0 and (n_kept > 0) == (after > 1)
    assert output.read_bytes() == whole.read_bytes()
    np.testing.assert_array_equal(result.embeddings, EmbedJob(path, small_model(), pool=pool).embed().embeddings)
    assert not progress_directory(output).exists()


def test_a_resumed_run_has_the_passes_of_the_one_that_stopped(path, tmp_path, monkeypatch):
    output = tmp_path / "out.npz"
    EmbedJob(path, small_model()).run(tmp_path / "whole.npz")
    stopped(EmbedJob(path, small_model()), output, 60)
    began = earlier_fact(output, "positions_per_pass")
    monkeypatch.setattr("torch.get_num_threads", lambda: 64)
    assert began is not None and int(began) < 64 * 1024
    EmbedJob(path, small_model()).run(output, resume=True)
    assert output.read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_another_run_is_not_resumed(path, tmp_path):
    output = tmp_path / "out.npz"
    stopped(EmbedJob(path, small_model(), batch_size=2), output, 60)
    other = small_model()
    other.encoder.norm.weight.data[0] += 1
    changed = write_fasta(tmp_path / "other.fa", SEQUENCES | {"s9": "ACGT"})
    jobs = {
        "model": EmbedJob(path, other, batch_size=2),
        "layer": EmbedJob(path, small_model(), batch_size=2, layer=1),
        "pool": EmbedJob(path, small_model(), batch_size=2, pool="max"),
        "batch_size": EmbedJob(path, small_model(), batch_size=3),
        "input": EmbedJob(changed, small_model(), batch_size=2),
        "reference_sha256": EmbedJob(FastaReader(path), small_model(), batch_size=2),
        "precision": EmbedJob(path, small_model(), batch_size=2, precision="bfloat16"),
    }
    for name, job in jobs.items():
        with pytest.raises(InputError, match=f"the run to resume had another {name} "):
            job.run(output, resume=True)
    EmbedJob(path, small_model(), batch_size=2).run(output, resume=True)
    assert output.exists()


def test_other_regions_are_another_run(path, tmp_path):
    output, genome = tmp_path / "out.npz", FastaReader(path)
    regions = [Interval("s3", 0, 5), Interval("s4", 2, 9), Interval("s5", 2, 9), Interval("s6", 0, 1)]
    stopped(EmbedJob(genome, small_model(), regions=regions), output, 19)
    for others in (regions[::-1], None):
        with pytest.raises(InputError, match="another regions"):
            EmbedJob(genome, small_model(), regions=others).run(output, resume=True)
    EmbedJob(genome, small_model(), regions=regions).run(output, resume=True)
    with np.load(output) as archive:
        assert archive["start"].tolist() == [0, 2, 2, 0]


def test_a_second_run_beside_one_at_work(path, tmp_path):
    output = tmp_path / "out.npz"
    with ArrayStore(progress_directory(output), {"model": "m"}):
        for options in ({}, {"resume": True}, {"force": True}):
            with pytest.raises(InputError, match="another run is at work"):
                EmbedJob(path, small_model()).run(output, **options)


@pytest.mark.parametrize("ask", [EmbedJob.survey, EmbedJob.estimate, lambda job: job.run("out.npz")])
def test_an_empty_sequence_is_refused_before_any_work(tmp_path, monkeypatch, ask):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "in.fa"
    path.write_text(">a\nACGT\n>void\n>b\nACGT\n")
    model = small_model()
    monkeypatch.setattr(model, "stream", lambda *_, **__: pytest.fail("the model ran"))
    with pytest.raises(InputError, match="'void'"):
        ask(EmbedJob(path, model))
    with pytest.raises(InputError, match="'nothing'"):
        ask(EmbedJob(path, model, regions=["a:1-3", Interval("b", 2, 2, "nothing")]))
    assert [p.name for p in tmp_path.iterdir()] == ["in.fa"]


def test_records_from_a_pipe_are_embedded_and_not_resumed(tmp_path, monkeypatch, capsys):
    records = [FastaRecord(name, "", letters.encode()) for name, letters in SEQUENCES.items()]
    EmbedJob(iter(records), small_model()).run(tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as archive:
        np.testing.assert_allclose(archive["embeddings"], embed(records, small_model()).embeddings, atol=1e-6)
    assert [p.name for p in tmp_path.iterdir()] == ["out.npz"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b">a\nACGT\n")))
    with pytest.raises(InputError, match="sequences from a pipe cannot be read twice"):
        EmbedJob("-", small_model()).run(tmp_path / "other.npz", resume=True)
    with pytest.raises(InputError, match="--resume: only a run that writes a file"):
        EmbedJob(records, small_model()).run("-", resume=True)
    with pytest.raises(InputError, match="exists already"):
        EmbedJob(records, small_model()).run(tmp_path / "out.npz")


def test_an_estimate_counts_layers_that_run_and_rows_that_are_kept(path):
    whole = EmbedJob(path, small_model()).estimate()
    assert (whole.n_sequences, whole.longest) == (10, max(map(len, SEQUENCES.values())))
    assert whole.passes.positions == TOTAL_BP and whole.passes.seconds > 0
    assert EmbedJob(path, small_model(), layer=0).estimate().passes.seconds == 0
    kept = EmbedJob(path, small_model(), pool="none").estimate()
    assert kept.passes.memory_bytes - whole.passes.memory_bytes == TOTAL_BP * 32 * 4
