import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.runs.progress import progress_directory
from dna_mamba.scoring import genome_tracks
from dna_mamba.scoring.tracks import job as track_files
from dna_mamba.scoring.tracks.job import Output, TrackRun, missing_bp, write_tracks
from dna_mamba.scoring.tracks.predict import Reading, parse_track
from tests.worlds import random_sequence, small_model, write_fasta

SEQUENCES = {"b": random_sequence(300, 1), "a": random_sequence(40, 2) + "N" * 30 + random_sequence(50, 3), "z": "NNNN"}
READING = Reading(48, 17, 2)
EVERYWHERE = {chrom: [Interval(chrom, 0, len(letters))] for chrom, letters in SEQUENCES.items()}
PLAN = {"model": "m"}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(track_files, "PART_BP", 70)


@pytest.fixture
def reference(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", SEQUENCES))


def run_over(reference, model, regions=EVERYWHERE):
    return TrackRun(reference, model, READING, regions)


def outputs_in(directory, model, suffix="bedgraph"):
    return [Output(parse_track(n, model), str(directory / f"{n}.{suffix}")) for n in ("ref-llr", "entropy")]


def bedgraph(path):
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    assert all(int(end) == int(start) + 1 for _, start, end, _ in lines)
    return {(chrom, int(start)): float(value) for chrom, start, _, value in lines}


def test_every_known_base_has_the_value_of_its_track(reference, tmp_path):
    model, advanced = small_model(), []
    run = run_over(reference, model)
    assert len(list(run.units())) > 4
    write_tracks(
        outputs_in(tmp_path, model), run, tmp_path / "parts", plan=PLAN, header=["#head"], advance=advanced.append
    )
    assert sum(advanced) == missing_bp(run, None, 2) == 424
    assert not (tmp_path / "parts").exists()
    for row, name in enumerate(("ref-llr", "entropy")):
        found = bedgraph(tmp_path / f"{name}.bedgraph")
        assert (tmp_path / f"{name}.bedgraph").read_text().startswith(f"#head\n#{name}: ")
        expected = {}
        for chrom, letters in SEQUENCES.items():
            values = genome_tracks(
                chrom, reference, model, tracks=("ref-llr", "entropy"), window_bp=48, overlap_bp=17
            ).values
            expected |= {(chrom, i): values[row, i] for i, base in enumerate(letters) if base != "N"}
        assert list(found) == list(expected)
        np.testing.assert_allclose(list(found.values()), list(expected.values()), atol=1e-5)


def test_regions_in_any_order_and_overlapping(reference, tmp_path):
    model = small_model()
    regions = {
        "b": [Interval("b", 200, 210), Interval("b", 5, 9), Interval("b", 205, 220)],
        "a": [Interval("a", 38, 72)],
    }
    write_tracks(outputs_in(tmp_path, model), run_over(reference, model, regions), tmp_path / "p", plan=PLAN)
    wanted = [*(("b", i) for i in (*range(5, 9), *range(200, 220))), ("a", 38), ("a", 39), ("a", 70), ("a", 71)]
    assert list(bedgraph(tmp_path / "entropy.bedgraph")) == wanted


def test_both_formats_hold_the_same(reference, tmp_path):
    pyBigWig = pytest.importorskip("pyBigWig")
    model = small_model()
    run = run_over(reference, model)
    write_tracks(outputs_in(tmp_path, model), run, tmp_path / "p", plan=PLAN)
    write_tracks(outputs_in(tmp_path, model, "bw"), run, tmp_path / "p", plan=PLAN)
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
def test_a_run_that_stopped_goes_on(reference, tmp_path, after):
    model = small_model()
    run, parts = run_over(reference, model), tmp_path / "parts"
    (tmp_path / "straight").mkdir()
    write_tracks(outputs_in(tmp_path / "straight", model), run, parts, plan=PLAN)
    done = 0

    def stop(count):
        nonlocal done
        done += count
        if done > after:
            raise StopError

    outputs = outputs_in(tmp_path, model)
    with pytest.raises(StopError):
        write_tracks(outputs, run, parts, plan=PLAN, advance=stop)
    assert not list(tmp_path.glob("*.bedgraph"))
    with pytest.raises(InputError, match="give --resume"):
        write_tracks(outputs, run, parts, plan=PLAN)
    with pytest.raises(InputError, match=r"another model \(m, here other\)"):
        write_tracks(outputs, run, parts, plan={"model": "other"}, resume=True)
    left = missing_bp(run, parts, 2)
    read = []
    write_tracks(outputs, run, parts, plan=PLAN, resume=True, advance=read.append)
    assert sum(read) == left <= 424 - (after // 120) * 60
    for output in outputs:
        name = output.path.rsplit("/", 1)[1]
        assert (tmp_path / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
    assert not parts.exists()


def test_a_run_that_stopped_between_its_outputs(reference, tmp_path, monkeypatch):
    model = small_model()
    run, parts, outputs = run_over(reference, model), tmp_path / "parts", outputs_in(tmp_path, model)
    inner, written = track_files.write_bedgraph, []

    def fail_second(path, *args, **kwargs):
        if written:
            raise StopError
        written.append(path)
        inner(path, *args, **kwargs)

    monkeypatch.setattr(track_files, "write_bedgraph", fail_second)
    with pytest.raises(StopError):
        write_tracks(outputs, run, parts, plan=PLAN)
    monkeypatch.setattr(track_files, "write_bedgraph", inner)
    read = []
    write_tracks(outputs, run, parts, plan=PLAN, resume=True, advance=read.append)
    assert not read and len(list(tmp_path.glob("*.bedgraph"))) == 2


def test_existing_outputs_stay(reference, tmp_path):
    model = small_model()
    (tmp_path / "entropy.bedgraph").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        write_tracks(outputs_in(tmp_path, model), run_over(reference, model), tmp_path / "parts", plan=PLAN)
    assert (tmp_path / "entropy.bedgraph").read_text() == "mine"
    write_tracks(outputs_in(tmp_path, model), run_over(reference, model), tmp_path / "parts", plan=PLAN, force=True)
    assert len(bedgraph(tmp_path / "entropy.bedgraph")) == 390


def test_two_runs_at_once(reference, tmp_path):
    from dna_mamba.runs.array_store import PartStore

    with PartStore(tmp_path / "parts", PLAN), pytest.raises(InputError, match="another run is at work"):
        PartStore(tmp_path / "parts", PLAN, resume=True)


def test_progress_lies_beside_the_output(tmp_path):
    assert progress_directory(tmp_path / "out.bw").parent == tmp_path
