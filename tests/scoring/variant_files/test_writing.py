"""Lines into an output: straight, or kept block by block so that a run can be resumed."""

import json

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.vcf import VcfReader
from dna_mamba.runs import InputFile, Shard, progress_directory
from dna_mamba.runs.shards import find_claim
from dna_mamba.scoring.variant_files.scored_lines import ScoredLines
from dna_mamba.scoring.variant_files.target import SHARD_LINE, Layout, Target
from dna_mamba.scoring.variant_files.writing import KeptRun, Writing, keep_and_write, write_through
from dna_mamba.scoring.variants.scores import columns_of, find_scores
from tests.scoring.variant_files.scorer import KnownScorer
from tests.worlds import write_vcf

N_RECORDS = 150
"""Two blocks of 64 and one of 22."""
FACTS = {"input": "f00d"}


@pytest.fixture
def path(tmp_path):
    return write_vcf(tmp_path / "in.vcf", [("c", i + 1, "A", "CGT"[i % 3]) for i in range(N_RECORDS)])


class Job:
    """A run over the file that tells what its scorer was asked."""

    def __init__(self, path, target, header=("##ours=1",), advance=lambda count: None, **target_options):
        self.path, self.scorer, self.target = path, KnownScorer(), Target(target, **target_options)
        self._header, self._advance = list(header), advance

    def _writing(self, reader):
        layout = Layout(columns_of(find_scores(["llr"])), 21)
        lines = ScoredLines(self.scorer, layout, self.target.kind, False, self._advance)
        return Writing(self.target, reader, iter(reader), lines, self._header)

    def through(self, n_records):
        with VcfReader(self.path) as reader:
            return write_through(self._writing(reader), n_records)

    def keep(self, shard=None, resume=False, facts=FACTS):
        run = KeptRun(InputFile.read(self.path), facts, N_RECORDS, shard, resume)
        with VcfReader(self.path) as reader:
            return keep_and_write(self._writing(reader), run)

    @property
    def sizes(self):
        """Records of each call of the scorer."""
        return [len(names) for names in self.scorer.calls]


class StopError(Exception):
    pass


def stopping_after(n_records):
    done = 0

    def advance(count):
        nonlocal done
        done += count
        if done > n_records:
            raise StopError

    return advance


def records(path):
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_straight_and_kept_write_the_same(path, tmp_path):
    known, unknown, kept = (Job(path, tmp_path / f"{name}.vcf") for name in ("known", "unknown", "kept"))
    summaries = [known.through(N_RECORDS), unknown.through(None), kept.keep()]
    assert (known.sizes, unknown.sizes, kept.sizes) == ([64, 64, 22], [150], [64, 64, 22])
    whole = (tmp_path / "known.vcf").read_text()
    assert whole == (tmp_path / "unknown.vcf").read_text() == (tmp_path / "kept.vcf").read_text()
    assert "##ours=1\n" in whole and SHARD_LINE not in whole
    assert [line.split("\t")[2] for line in records(tmp_path / "kept.vcf")] == [f"rs{i}" for i in range(N_RECORDS)]
    assert all((s.n_records, s.n_scored, s.n_alleles) == (150, 50, 150) for s in summaries)
    assert not progress_directory(tmp_path / "kept.vcf").exists()


@pytest.mark.parametrize("n_done", [64, 128, 149])
def test_a_resumed_run_scores_what_is_missing(path, tmp_path, n_done):
    Job(path, tmp_path / "whole.vcf").keep()
    with pytest.raises(StopError):
        Job(path, tmp_path / "out.vcf", advance=stopping_after(n_done)).keep()
    assert not (tmp_path / "out.vcf").exists()
    told = []
    resumed = Job(path, tmp_path / "out.vcf", header=["##another command"], advance=told.append)
    summary = resumed.keep(resume=True)
    n_kept = n_done // 64 * 64
    assert sum(resumed.sizes) == N_RECORDS - n_kept
    assert told == [n_kept, *[1] * (N_RECORDS - n_kept)]
    assert summary.n_records == N_RECORDS
    assert (tmp_path / "out.vcf").read_bytes() == (tmp_path / "whole.vcf").read_bytes()


def test_a_shard_has_its_records_and_says_so(path, tmp_path):
    parts, header_of = [], {}
    for number in (1, 2):
        out = tmp_path / f"{number}.vcf"
        summary = Job(path, out).keep(Shard(number, 2))
        with VcfReader(out) as reader:
            header_of[number] = reader.header_lines
        claim = find_claim(header_of[number], SHARD_LINE, "x")
        assert claim.shard == (number, 2) and claim.n_records == N_RECORDS
        assert claim.n_lines == claim.span.n_records == summary.n_records == len(records(out))
        assert claim.counts == summary.counts() and claim.run == FACTS
        parts += records(out)
    Job(path, tmp_path / "whole.vcf").keep()
    assert parts == records(tmp_path / "whole.vcf")


def test_a_shard_is_not_resumed_as_another(path, tmp_path):
    out = tmp_path / "out.vcf"
    with pytest.raises(StopError):
        Job(path, out, advance=stopping_after(70)).keep()
    assert json.loads((progress_directory(out) / "run.json").read_text())["run"] == {**FACTS, "shard": "1/1"}
    for shard, hint in ((Shard(1, 2), r"another shard \(1/1, here 1/2\)"), (None, "another input")):
        with pytest.raises(InputError, match=hint):
            Job(path, out).keep(shard, resume=True, facts=FACTS if shard else {"input": "beef"})
    Job(path, out).keep(Shard(1, 1), resume=True)
    assert SHARD_LINE in out.read_text()


def test_an_input_that_changes_leaves_nothing(path, tmp_path):
    job = Job(path, tmp_path / "out.vcf", advance=lambda count: path.touch())
    with pytest.raises(InputError, match=r"in\.vcf: changed while it was being read"):
        job.keep()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.vcf"]


def test_a_shard_to_standard_output_leaves_no_directory(path, tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    Job(path, "-").keep(Shard(2, 2))
    written = capfdbinary.readouterr().out.decode().splitlines()
    assert sum(not line.startswith("#") for line in written) == 86
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.vcf"]


def test_records_that_bcf_cannot_hold_are_refused_before_the_work(path, tmp_path):
    """An INFO key that no header line defines."""
    path.write_text(path.read_text().replace('##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">\n', ""))
    job = Job(path, tmp_path / "out.bcf")
    with pytest.raises(InputError):
        job.keep()
    assert job.scorer.calls == [] and sorted(p.name for p in tmp_path.iterdir()) == ["in.vcf"]
