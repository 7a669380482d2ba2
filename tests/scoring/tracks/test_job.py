"""Tracks into files: every base, any order of regions, stopped and resumed."""

from pathlib import Path

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.runs import ArrayStore, progress_directory
from dna_mamba.runs import track_files as files_module
from dna_mamba.scoring import genome_tracks
from dna_mamba.scoring.tracks import job as job_module
from dna_mamba.scoring.tracks.job import TracksJob
from dna_mamba.scoring.tracks.reading import Reading
from tests.worlds import random_sequence, small_model, write_fasta

SEQUENCES = {"b": random_sequence(300, 1), "a": random_sequence(40, 2) + "N" * 30 + random_sequence(50, 3), "z": "NNNN"}
NAMES = ("ref-llr", "entropy")
READING = Reading(48, 17, 2)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(job_module, "PART_BP", 70)


@pytest.fixture
def reference(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", SEQUENCES))


def job_over(reference, model=None, regions=(), tracks=NAMES, **options):
    return TracksJob(reference, model or small_model(), tracks=tracks, reading=READING, regions=regions, **options)


def bedgraph(path):
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    assert all(int(end) == int(start) + 1 for _, start, end, _ in lines)
    return {(chrom, int(start)): float(value) for chrom, start, _, value in lines}


def test_every_known_base_has_the_value_of_its_track(reference, tmp_path):
    model, advanced = small_model(), []
    job = job_over(reference, model)
    assert len(list(job.units())) > 4
    written = job.run(tmp_path / "t.bedgraph", command="dna-mamba tracks", advance=advanced.append)
    assert [file.path for file in written] == [str(tmp_path / f"t.{name}.bedgraph") for name in NAMES]
    assert sum(advanced) == job.missing_bp(tmp_path / "t.bedgraph", resume=False) == 424
    assert not list(tmp_path.glob(".*"))
    for row, name in enumerate(NAMES):
        text = (tmp_path / f"t.{name}.bedgraph").read_text()
        assert text.startswith("##dna-mamba_tracksVersion=") and f"\n#{name}: " in text
        found = bedgraph(tmp_path / f"t.{name}.bedgraph")
        expected = {}
        for chrom, letters in SEQUENCES.items():
            values = genome_tracks(chrom, reference, model, tracks=NAMES, window_bp=48, overlap_bp=17).values
            expected |= {(chrom, i): values[row, i] for i, base in enumerate(letters) if base != "N"}
        assert list(found) == list(expected)
        np.testing.assert_allclose(list(found.values()), list(expected.values()), atol=1e-5)


def test_regions_in_any_order_and_overlapping(reference, tmp_path):
    regions = [("b", 200, 210), ("a", 38, 72), ("b", 5, 9), ("b", 205, 220)]
    job_over(reference, regions=[Interval(*place) for place in regions]).run(tmp_path / "t.bg")
    wanted = [*(("b", i) for i in (*range(5, 9), *range(200, 220))), ("a", 38), ("a", 39), ("a", 70), ("a", 71)]
    assert list(bedgraph(tmp_path / "t.entropy.bg")) == wanted


def test_both_formats_hold_the_same(reference, tmp_path):
    pyBigWig = pytest.importorskip("pyBigWig")
    job = job_over(reference, tracks=("entropy",))
    job.run(tmp_path / "entropy.bedgraph")
    job.run(tmp_path / "entropy.bw")
    with pyBigWig.open(str(tmp_path / "entropy.bw")) as bigwig:
        assert bigwig.chroms() == {chrom: len(letters) for chrom, letters in SEQUENCES.items()}
        found = {
            (c, start): value
            for c in ("b", "a")
            for start, end, value in bigwig.intervals(c)
            for _ in range(start, end)
        }
    assert found == {place: np.float32(v) for place, v in bedgraph(tmp_path / "entropy.bedgraph").items()}


class StopError(Exception):
    pass


@pytest.mark.parametrize("after", [1, 60, 200, 423])
def test_a_run_that_stopped_is_resumed(reference, tmp_path, after):
    job, output = job_over(reference), tmp_path / "t.bedgraph"
    (tmp_path / "straight").mkdir()
    straight = job.run(tmp_path / "straight" / "t.bedgraph")
    done = 0

    def stop(count):
        nonlocal done
        done += count
        if done > after:
            raise StopError

    with pytest.raises(StopError):
        job.run(output, advance=stop)
    assert not list(tmp_path.glob("*.bedgraph"))
    with pytest.raises(InputError, match="give --resume"):
        job.run(output)
    with pytest.raises(InputError, match=r"another tracks \(ref-llr entropy, here entropy\)"):
        job_over(reference, tracks=("entropy",)).run(output, resume=True)
    with pytest.raises(InputError, match=r"another precision \(float32, here bfloat16\)"):
        job_over(reference, precision="bfloat16").run(output, resume=True)
    left, read = job.missing_bp(output, resume=True), []
    job.run(output, resume=True, advance=read.append)
    assert sum(read) == left <= 424 - (after // 120) * 60
    for name, file in zip(NAMES, straight, strict=True):
        assert (tmp_path / f"t.{name}.bedgraph").read_text() == Path(file.path).read_text()
    assert not progress_directory(output).exists()


def test_a_run_that_stopped_between_its_outputs(reference, tmp_path, monkeypatch):
    job, output = job_over(reference), tmp_path / "t.bedgraph"
    inner, written = files_module.write_bedgraph, []

    def fail_second(path, *args, **kwargs):
        if written:
            raise StopError
        written.append(path)
        inner(path, *args, **kwargs)

    monkeypatch.setattr(files_module, "write_bedgraph", fail_second)
    with pytest.raises(StopError):
        job.run(output)
    monkeypatch.setattr(files_module, "write_bedgraph", inner)
    read = []
    job.run(output, resume=True, advance=read.append)
    assert not read and len(list(tmp_path.glob("*.bedgraph"))) == 2


def test_existing_outputs_stay(reference, tmp_path):
    (tmp_path / "t.entropy.bedgraph").write_text("mine")
    job = job_over(reference)
    with pytest.raises(InputError, match="exists already"):
        job.run(tmp_path / "t.bedgraph")
    assert (tmp_path / "t.entropy.bedgraph").read_text() == "mine"
    job.run(tmp_path / "t.bedgraph", force=True)
    assert len(bedgraph(tmp_path / "t.entropy.bedgraph")) == 390


def test_a_second_run_beside_one_at_work(reference, tmp_path):
    """Whatever it is asked to do, it says that the first is still at work."""
    output = tmp_path / "t.bedgraph"
    with ArrayStore(progress_directory(output), {"model": "m"}):
        for options in ({}, {"resume": True}, {"force": True}):
            with pytest.raises(InputError, match="another run is at work"):
                job_over(reference).run(output, **options)


def test_an_estimate_counts_every_pass(reference):
    whole = job_over(reference, tracks=("entropy",)).estimate()
    masked = TracksJob(reference, small_model(), tracks=("entropy",), reading=READING._replace(mask_every=4)).estimate()
    assert whole.n_bases == masked.n_bases == 424
    assert masked.passes.positions == 4 * whole.passes.positions > 4 * 424


def test_a_file_that_came_meanwhile_is_not_replaced_on_resuming(reference, tmp_path):
    """Only outputs of a run that was writing them are its own."""
    output = tmp_path / "t.bedgraph"

    def stop(count):
        raise StopError

    with pytest.raises(StopError):
        job_over(reference).run(output, advance=stop)
    (tmp_path / "t.entropy.bedgraph").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        job_over(reference).run(output, resume=True)
    assert (tmp_path / "t.entropy.bedgraph").read_text() == "mine"
    job_over(reference).run(output, resume=True, force=True)
    assert len(bedgraph(tmp_path / "t.entropy.bedgraph")) == 390
