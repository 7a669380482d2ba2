"""Tracks against one pass over each window, and on the other strand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.errors import MachineError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models.streaming import BUDGETS, Budget
from dna_mamba.scoring import genome_tracks
from dna_mamba.scoring.tracks.quantities import parse_track
from dna_mamba.scoring.tracks.reading import Reading, check_reading, read_tiles, tiles_over
from dna_mamba.sequences.tiling import tile
from tests.worlds import MODES, random_sequence, small_model, write_fasta

LENGTH = 211
SEQUENCE = random_sequence(LENGTH)
WITH_N = SEQUENCE[:50] + "N" * 70 + "r" + SEQUENCE[121:]
NAMES = ("ref-llr", "entropy", "probability:G", "embedding:3")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    contigs = {"c": SEQUENCE, "m": reverse_complement(SEQUENCE), "n": WITH_N, "nm": reverse_complement(WITH_N)}
    return FastaReader(write_fasta(tmp_path_factory.mktemp("genome") / "g.fa", contigs))


def tracks_by_hand(model, sequence):
    """The four tracks of one window, (4, L), from one pass."""
    with torch.no_grad():
        output = model.both_strands(torch.from_numpy(model.tokenizer.encode(sequence))[None])
    p_L4 = torch.softmax(output.logits[0, :, 7:11].double(), -1).numpy()
    ref_llr = []
    for p, code in zip(p_L4, encode_bases(sequence.upper()), strict=True):
        others = np.delete(p, code) if code < 4 else p
        ref_llr.append(np.log(p[code]) - np.log(others).mean() if code < 4 else np.nan)
    entropy = -(p_L4 * np.log(p_L4)).sum(1)
    return np.stack([np.array(ref_llr), entropy, p_L4[:, 2], output.hidden[0, :, 3].numpy()])


@pytest.mark.parametrize("mode", MODES)
def test_a_whole_contig_against_one_pass(reference, mode, monkeypatch):
    model = small_model(mode)
    expected = tracks_by_hand(model, SEQUENCE)
    monkeypatch.setitem(BUDGETS, "cpu", Budget(32, 0))
    region, names, values = genome_tracks("c", reference, model, tracks=NAMES, window_bp=0)
    assert (region, names) == (Interval("c", 0, LENGTH), NAMES)
    np.testing.assert_allclose(values, expected, atol=2e-5)


@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_windows_keep_their_middles(reference, batch_size):
    model = small_model()
    values = genome_tracks(
        "c", reference, model, tracks=NAMES, window_bp=48, overlap_bp=17, batch_size=batch_size
    ).values
    windows = tile(LENGTH, 48, 17)
    assert len(windows) > 3
    for window in windows:
        keep = slice(window.keep_start - window.start, window.keep_end - window.start)
        expected = tracks_by_hand(model, SEQUENCE[window.start : window.end])[:, keep]
        np.testing.assert_allclose(values[:, window.keep_start : window.keep_end], expected, atol=2e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("window_bp", "overlap_bp"), [(0, 0), (48, 17), (47, 16), (64, 1)])
@pytest.mark.parametrize(("here", "there"), [("c", "m"), ("n", "nm")])
def test_the_other_strand_is_the_mirror_image(reference, mode, window_bp, overlap_bp, here, there):
    model = small_model(mode)
    forward, mirrored = (
        genome_tracks(chrom, reference, model, tracks=NAMES[:2], window_bp=window_bp, overlap_bp=overlap_bp).values
        for chrom in (here, there)
    )
    np.testing.assert_allclose(forward, mirrored[:, ::-1], atol=1e-5)


@pytest.mark.parametrize("every", [1, 2, 7])
def test_each_base_where_it_is_masked(reference, every, monkeypatch):
    """Against one pass for each class of positions, whatever part of it is in memory at a time."""
    model = small_model()
    ids_L = torch.from_numpy(model.tokenizer.encode(SEQUENCE))
    expected = np.empty((LENGTH, 4))
    for first in range(every):
        masked_L = ids_L.clone()
        masked_L[first::every] = model.tokenizer.mask_id
        with torch.no_grad():
            logits_L4 = model.both_strands(masked_L[None]).logits[0, :, 7:11]
        expected[first::every] = torch.softmax(logits_L4, -1)[first::every]
    monkeypatch.setitem(BUDGETS, "cpu", Budget(10, 0))
    names = [f"probability:{base}" for base in "ACGT"]
    values = genome_tracks("c", reference, model, tracks=names, window_bp=0, mask_every=every).values
    np.testing.assert_allclose(values.T, expected, atol=1e-5)


def test_masked_tracks_of_the_other_strand(reference):
    model = small_model("post-hoc")
    forward, mirrored = (
        genome_tracks(c, reference, model, window_bp=48, overlap_bp=17, mask_every=5).values for c in ("c", "m")
    )
    np.testing.assert_allclose(forward, mirrored[:, ::-1], atol=1e-5)


def test_n_has_no_value_and_windows_of_n_are_not_run(reference, monkeypatch):
    model = small_model()
    read = []
    inner = model.stream
    monkeypatch.setattr(model, "stream", lambda ids, **how: read.append(len(ids)) or inner(ids, **how))
    values = genome_tracks("n", reference, model, tracks=NAMES, window_bp=24, overlap_bp=4).values
    unknown = np.array([base in "Nr" for base in WITH_N])
    assert np.isnan(values[:, unknown]).all() and np.isfinite(values[:, ~unknown]).all()
    windows = tile(LENGTH, 24, 4)
    empty = [w for w in windows if set(WITH_N[w.start : w.end]) <= set("Nr")]
    assert sum(read) == len(windows) - len(empty) < len(windows)


def test_only_windows_that_regions_need_are_read(reference):
    model = small_model()
    windows = [w for w in tile(LENGTH, 48, 17) if w.keep_start < 140 and w.keep_end > 60]
    pieces = list(read_tiles("c", windows, reference, model, [parse_track("entropy", model)], Reading()))
    assert [piece.start for piece in pieces] == [w.keep_start for w in windows]


def test_windows_that_do_not_fit(monkeypatch):
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**28)
    with pytest.raises(MachineError, match=r"windows of 5,000 bp: about .*--window"):
        check_reading(small_model(), Reading(0, 0), 5000)


@pytest.mark.parametrize(("longest_bp", "window_bp"), [(60, 60), (79, 79), (80, 80), (10**6, 80)])
def test_memory_is_asked_for_the_longest_window_there_is(monkeypatch, longest_bp, window_bp):
    """A contig that two windows of 48 bp cover is read whole."""
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 0)
    with pytest.raises(MachineError, match=f"windows of {window_bp} bp: about"):
        check_reading(small_model(), Reading(48, 17, 1), longest_bp)


places = st.tuples(st.integers(0, 200), st.integers(0, 40)).map(lambda x: Interval("c", x[0], min(x[0] + x[1], LENGTH)))


@given(st.lists(places, max_size=5), st.integers(1, 40))
def test_windows_that_keep_something_of_a_region(regions, window_bp):
    windows = tile(LENGTH, window_bp, window_bp // 3)
    wanted = {i for region in regions for i in range(region.start, region.end)}
    expected = [w for w in windows if wanted & set(range(w.keep_start, w.keep_end))]
    assert tiles_over(regions, LENGTH, Reading(window_bp, window_bp // 3)) == expected
