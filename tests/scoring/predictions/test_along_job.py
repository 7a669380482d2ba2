"""A genome through a head for bases or bins: exact, mirrored, in regions, stopped and resumed, in shards."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import streaming
from dna_mamba.runs import progress_directory
from dna_mamba.scoring.predictions import units as units_module
from dna_mamba.scoring.predictions.along_job import AlongJob
from dna_mamba.scoring.predictions.merge import merge_predictions
from dna_mamba.scoring.predictions.target import PredictionTarget
from dna_mamba.scoring.predictions.units import AlongReading
from tests.scoring.predictions.worlds import CLASSES, GENES, TRACKS, head_model
from tests.worlds import random_sequence, write_fasta

SEQUENCES = {
    "b": random_sequence(300, 1),
    "a": random_sequence(40, 2) + "N" * 90 + random_sequence(56, 3),
    "z": "NNNN",
    "short": "ACG",
}
READING = AlongReading(64, 32)
WHOLE = AlongReading(0, 0)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(units_module, "PART_BP", 70)


@pytest.fixture
def genome(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", SEQUENCES))


def job_of(genome, head=GENES, reading=READING, **options):
    return AlongJob(genome, head_model(head), reading=reading, **options)


def table(path):
    """Answers by place, NaN where there are none."""
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return {(row[0], int(row[1])): [float(x) if x != "." else np.nan for x in row[3:-1]] for row in rows}


def by_hand(head, letters):
    model = head_model(head)
    ids = torch.from_numpy(model.tokenizer.encode_codes(encode_bases(letters)))[None]
    with torch.no_grad():
        return model.answers(model(ids).logits)[0].numpy()


@pytest.mark.parametrize("head", [GENES, TRACKS], ids=["bases", "tracks"])
def test_whole_contigs_are_answered_exactly(genome, tmp_path, head):
    job_of(genome, head, WHOLE).run(PredictionTarget(tmp_path / "t.tsv"))
    found, size = table(tmp_path / "t.tsv"), head.bin_bp or 1
    for chrom, letters in SEQUENCES.items():
        for index, expected in enumerate(by_hand(head, letters) if set(letters) != {"N"} else ()):
            answer, bases = found.pop((chrom, index * size)), letters[index * size : (index + 1) * size]
            assert np.isnan(answer).all() if set(bases) == {"N"} else answer == pytest.approx(expected, abs=1e-5)
    assert all(np.isnan(left).all() for left in found.values()) and len(found) == (4 if size == 1 else 0)


@pytest.mark.parametrize("reading", [READING, WHOLE], ids=["windows", "whole"])
@pytest.mark.parametrize("head", [GENES, TRACKS], ids=["bases", "tracks"])
def test_the_mirrored_contig_has_mirrored_answers(tmp_path, head, reading):
    letters = random_sequence(320, 7)
    both = {"c": letters, "mirrored": reverse_complement(letters)}
    genome = FastaReader(write_fasta(tmp_path / "m.fa", both))
    job_of(genome, head, reading).run(PredictionTarget(tmp_path / "t.tsv"))
    found = table(tmp_path / "t.tsv")
    here, there = (np.array([found[key] for key in found if key[0] == name]) for name in both)
    order = list(head.complement) if head.complement else slice(None)
    np.testing.assert_allclose(here, there[::-1][:, order], atol=1e-5)
    assert here.std(axis=0).min() > 1e-3


def test_regions_have_the_answers_of_the_whole(genome, tmp_path):
    job_of(genome).run(PredictionTarget(tmp_path / "all.tsv"))
    job_of(genome, regions=["b:201-220", "a:5-7"]).run(PredictionTarget(tmp_path / "some.tsv"))
    whole, some = table(tmp_path / "all.tsv"), table(tmp_path / "some.tsv")
    assert list(some) == [*(("b", i) for i in range(200, 220)), ("a", 4), ("a", 5), ("a", 6)]
    assert all(some[key] == whole[key] for key in some)


@pytest.mark.parametrize(
    ("name", "reading"),
    [*((f"t.{kind}", READING) for kind in ("tsv", "bed", "bw", "bedgraph", "gff3", "parquet")), ("t.bed", WHOLE)],
)
def test_shards_put_together_are_one_run_to_the_byte(genome, tmp_path, name, reading):
    job = job_of(genome, reading=reading)
    files = job.run(PredictionTarget(tmp_path / name))
    paths = [tmp_path / f"{i}.{name}" for i in (2, 4, 1, 3)]
    for path in paths:
        job.run(PredictionTarget(path), shard=f"{path.name[0]}/4")
    (tmp_path / "merged").mkdir()
    merged = merge_predictions(paths, PredictionTarget(tmp_path / "merged" / name))
    assert isinstance(merged, list) and len(merged) == len(files)
    for ours, theirs in zip(files, merged, strict=True):
        assert Path(ours).read_bytes() == Path(theirs).read_bytes()


@pytest.mark.parametrize("reading", [READING, WHOLE], ids=["windows", "whole"])
def test_what_was_done_before_a_kill_is_not_done_again(genome, tmp_path, reading):
    """Of contigs that are read whole, the contigs that were done."""
    target = PredictionTarget(tmp_path / "t.bed")
    job_of(genome, reading=reading).run(PredictionTarget(tmp_path / "whole.bed"))
    job, done = job_of(genome, reading=reading), []

    def killed(count):
        done.append(count)
        if sum(done) > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.run(target, advance=killed)
    assert progress_directory(target.path).is_dir()
    left = job_of(genome, reading=reading).missing_bp(target, None, resume=True)
    assert 0 < left < job.n_bases
    rest = []
    job_of(genome, reading=reading).run(target, resume=True, advance=rest.append)
    assert sum(rest) == left
    assert (tmp_path / "t.bed").read_bytes() == (tmp_path / "whole.bed").read_bytes()


def test_parts_of_the_stream_do_not_change_an_answer(genome, tmp_path, monkeypatch):
    """A contig whose hidden states are computed 37 positions at a time, as one of a chromosome's length is."""
    job_of(genome, reading=WHOLE).run(PredictionTarget(tmp_path / "at_once.tsv"))
    monkeypatch.setitem(streaming.BUDGETS, "cpu", streaming.DeviceBudget(37, 0))
    job_of(genome, reading=WHOLE).run(PredictionTarget(tmp_path / "parts.tsv"))
    at_once, parts = table(tmp_path / "at_once.tsv"), table(tmp_path / "parts.tsv")
    assert list(at_once) == list(parts)
    np.testing.assert_allclose(list(parts.values()), list(at_once.values()), atol=1e-5)


def test_what_cannot_be_is_refused_before_any_work(genome, tmp_path):
    with pytest.raises(InputError, match="whole contigs"):
        job_of(genome, regions=["b:1-9"]).check(PredictionTarget(tmp_path / "t.gff3"))
    with pytest.raises(InputError, match="not those of an annotation"):
        job_of(genome, TRACKS).check(PredictionTarget(tmp_path / "t.gff3"))
    with pytest.raises(InputError, match="a head for classification, not for bases"):
        job_of(genome, CLASSES)
    assert job_of(genome).estimate().positions > 300
