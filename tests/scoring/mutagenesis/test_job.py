"""Tables of whole regions: in order, stopped and resumed, each site asked about once."""

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.runs import ArrayStore, earlier_fact, progress_directory
from dna_mamba.scoring import saturation_mutagenesis
from dna_mamba.scoring.mutagenesis import job as job_module
from dna_mamba.scoring.mutagenesis.job import MutagenesisJob
from dna_mamba.scoring.mutagenesis.sites import Settings
from tests.worlds import random_sequence, small_model, write_fasta

SEQUENCES = {"c": random_sequence(70), "d": random_sequence(30, 1)}
SETTINGS = Settings("llr", 21, 4)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(job_module, "PART_SITES", 10)


@pytest.fixture
def reference(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", SEQUENCES))


def job_over(reference, settings=SETTINGS, regions=(), model=None, **options):
    return MutagenesisJob(reference, model or small_model("post-hoc"), regions=regions, settings=settings, **options)


def rows(path):
    return [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]


class StopError(Exception):
    pass


def stopped(job, output, after):
    done = 0

    def advance(count):
        nonlocal done
        done += count
        if done > after:
            raise StopError

    with pytest.raises(StopError):
        job.run(output, advance=advance)


@pytest.mark.parametrize("scores", ["llr", "wt-llr"])
def test_every_site_of_every_region_in_the_order_given(reference, tmp_path, scores):
    regions = [Interval("d", 20, 30), Interval("c", 5, 5), "c:61-70", "c:1-12"]
    job, told, taken = job_over(reference, Settings(scores, 21, 4), regions), [], []
    assert job.n_sites == 10 + 10 + 12
    job.run(tmp_path / "out.tsv", advance=told.append, take=taken.append)
    assert sum(told) == sum(map(len, taken)) == 32
    expected = {name: [] for name in ("chrom", "pos", "alt", "llr")}
    for region in ("d:21-30", "c:61-70", "c:1-12"):
        found = saturation_mutagenesis(region, reference, small_model("post-hoc"), scores=scores, context_bp=21)
        for name, column in found.columns().items():
            expected.get(name, []).extend(column)
    found = rows(tmp_path / "out.tsv")
    assert [row[0] for row in found] == expected["chrom"] and [int(row[1]) for row in found] == expected["pos"]
    assert [row[3] for row in found] == expected["alt"]
    np.testing.assert_allclose([float(row[4]) for row in found], expected["llr"], atol=1e-5)
    assert not list(tmp_path.glob(".*"))


def test_without_regions_every_contig(reference):
    assert job_over(reference).regions == [Interval("c", 0, 70), Interval("d", 0, 30)]
    with pytest.raises(InputError, match="no region holds a base"):
        job_over(reference, regions=[Interval("c", 5, 5)])


@pytest.mark.parametrize(("batch_size", "size"), [(4, 8), (3, 9), (10, 10), (11, 11), (100, 70)])
def test_parts_are_whole_passes(reference, batch_size, size):
    """So that a resumed run makes the passes of a straight one."""
    settings = SETTINGS._replace(batch_size=batch_size)
    units = list(job_over(reference, settings, ["c"])._units(settings))
    assert [len(unit) for unit in units[:-1]] == [size] * (len(units) - 1)
    assert units[0].start == 0 and units[-1].end == 70 and 0 < len(units[-1]) <= size


@pytest.mark.parametrize("scores", ["llr", "wt-llr"])
@pytest.mark.parametrize("after", [1, 40, 71, 99])
def test_a_run_that_stopped_is_resumed(reference, tmp_path, scores, after):
    settings, output = Settings(scores, 21, 4), tmp_path / "out.tsv"
    job_over(reference, settings).run(tmp_path / "whole.tsv", command="one")
    stopped_early = job_over(reference, settings)
    done = 0

    def advance(count):
        nonlocal done
        done += count
        if done >= after:
            raise StopError

    with pytest.raises(StopError):
        stopped_early.run(output, command="one", advance=advance)
    assert not output.exists()
    with pytest.raises(InputError, match="an earlier run stopped here"):
        job_over(reference, settings).run(output)
    resumed, told = job_over(reference, settings), []
    left = resumed.missing_sites(output, resume=True)
    assert resumed.missing_sites(output, resume=False) == 100
    resumed.run(output, resume=True, command="another", advance=told.append)
    assert sum(told) == left <= 100 - done + 70
    assert scores == "wt-llr" or left <= 100 - done + 8
    assert output.read_bytes() == (tmp_path / "whole.tsv").read_bytes()
    assert not progress_directory(output).exists()


def test_a_resumed_run_has_the_passes_of_the_one_that_stopped(reference, tmp_path, monkeypatch):
    output = tmp_path / "out.tsv"
    job_over(reference).run(tmp_path / "whole.tsv")
    stopped(job_over(reference), output, 40)
    assert earlier_fact(output, "batch_size") == "4"
    later = job_over(reference, SETTINGS._replace(batch_size=None))
    monkeypatch.setattr("torch.get_num_threads", lambda: 64)
    assert 0 < later.missing_sites(output, resume=True) < 100 - 32
    later.run(output, resume=True)
    assert output.read_bytes() == (tmp_path / "whole.tsv").read_bytes()


def test_another_run_is_not_resumed(reference, tmp_path):
    output = tmp_path / "out.tsv"
    stopped(job_over(reference), output, 40)
    other = small_model("post-hoc")
    other.encoder.norm.weight.data[0] += 1
    genome = FastaReader(write_fasta(tmp_path / "other.fa", SEQUENCES | {"d": "A" * 30}))
    jobs = {
        "scores": job_over(reference, SETTINGS._replace(scores="wt-llr")),
        "context": job_over(reference, SETTINGS._replace(context_bp=23)),
        "batch_size": job_over(reference, SETTINGS._replace(batch_size=5)),
        "regions": job_over(reference, regions=["c", "d:1-29"]),
        "weights_sha256": job_over(reference, model=other),
        "reference_sha256": job_over(genome),
        "precision": job_over(reference, precision="bfloat16"),
    }
    for name, job in jobs.items():
        with pytest.raises(InputError, match=f"the run to resume had another {name} "):
            job.run(output, resume=True)
    job_over(reference).run(output, resume=True)
    assert len(rows(output)) == 300


def test_a_second_run_beside_one_at_work(reference, tmp_path):
    output = tmp_path / "out.tsv"
    with ArrayStore(progress_directory(output), {"model": "m"}):
        for options in ({}, {"resume": True}, {"force": True}):
            with pytest.raises(InputError, match="another run is at work"):
                job_over(reference).run(output, **options)


def test_an_existing_table_stays_and_standard_output_is_not_resumed(reference, tmp_path):
    (tmp_path / "mine.tsv").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        job_over(reference).run(tmp_path / "mine.tsv")
    assert (tmp_path / "mine.tsv").read_text() == "mine"
    with pytest.raises(InputError, match="--resume: only a run that writes a file"):
        job_over(reference).run("-", resume=True)
    assert job_over(reference).missing_sites("-", resume=True) == 100


def test_an_estimate_counts_the_windows_of_either_way(reference):
    masked = job_over(reference, regions=["c:31-40", "d"]).estimate()
    assert (masked.n_sites, masked.passes.positions) == (40, 40 * 21)
    unmasked = job_over(reference, SETTINGS._replace(scores="wt-llr"), ["c:31-40", "c:1-5", "d"]).estimate()
    assert (unmasked.n_sites, unmasked.passes.positions) == (45, (10 + 10 + 10) + (5 + 10) + 30)
