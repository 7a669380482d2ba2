"""Every position of a stretch, piece by piece, against one window each."""

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import decode_bases, encode_bases
from dna_mamba.errors import InputError, MachineError
from dna_mamba.inference.likelihood import masked_log_probabilities
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models.streaming import BUDGETS, Budget
from dna_mamba.scoring.mutagenesis.sites import WAYS, Alone, OnContig, Settings, log_probabilities
from dna_mamba.sequences.windows import site_window
from tests.worlds import random_sequence, small_model, write_fasta

SEQUENCE = random_sequence(60)
CONTEXT_BP = 21


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return FastaReader(write_fasta(tmp_path_factory.mktemp("g") / "g.fa", {"other": "ACG", "c": SEQUENCE}))


@pytest.fixture(scope="module")
def model():
    return small_model("post-hoc")


def test_sources_tell_their_length_and_letters(reference):
    for source in (OnContig(reference, "c"), Alone(encode_bases(SEQUENCE))):
        assert source.length == 60 and decode_bases(source.codes(3, 9)) == SEQUENCE[3:9]


@pytest.mark.parametrize("batch_size", [1, 7, 60, 100])
@pytest.mark.parametrize(("start", "end"), [(0, 60), (13, 14), (50, 60), (5, 33)])
def test_masked_sites_in_the_windows_of_variant_scores(reference, model, start, end, batch_size):
    settings = Settings("llr", CONTEXT_BP, batch_size)
    pieces = list(log_probabilities(OnContig(reference, "c"), start, end, model, settings))
    assert [piece.start for piece in pieces] == list(range(start, end, batch_size))
    windows = [site_window(reference, "c", i, CONTEXT_BP) for i in range(start, end)]
    found = np.concatenate([piece.log_p_L4 for piece in pieces])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, masked_log_probabilities(model, windows), atol=1e-5)


@pytest.mark.parametrize("positions", [7, 16, 4096])
@pytest.mark.parametrize(("start", "end"), [(0, 60), (13, 14), (50, 60), (25, 33)])
def test_unmasked_sites_of_one_pass_with_its_flanks(reference, model, start, end, positions, monkeypatch):
    ids = model.tokenizer.encode(SEQUENCE[max(0, start - 10) : end + 10])
    with torch.no_grad():
        logits = model.both_strands(torch.from_numpy(ids)[None]).logits[0, :, 7:11]
    expected = torch.log_softmax(logits, -1).numpy()[start - max(0, start - 10) :][: end - start]
    monkeypatch.setitem(BUDGETS, "cpu", Budget(positions, 0))
    pieces = list(log_probabilities(OnContig(reference, "c"), start, end, model, Settings("wt-llr", CONTEXT_BP)))
    ends = [piece.start + len(piece.log_p_L4) for piece in pieces]
    assert [piece.start for piece in pieces] == [start, *ends[:-1]] and ends[-1] == end
    np.testing.assert_allclose(np.concatenate([piece.log_p_L4 for piece in pieces]), expected, atol=1e-5)


def test_sites_in_a_pass(model, monkeypatch):
    assert Settings("llr", 64, 5).sites_per_pass(model) == 5
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)
    assert Settings("llr", 64).sites_per_pass(model) == 32


def test_what_cannot_be_asked(reference, model, monkeypatch):
    source = OnContig(reference, "c")
    assert WAYS == ("llr", "wt-llr")
    with pytest.raises(InputError, match="no scores 'odds'; choose llr or wt-llr"):
        log_probabilities(source, 0, 3, model, Settings("odds"))
    with pytest.raises(InputError, match="no token for a single base"):
        log_probabilities(source, 0, 3, small_model("none", {"kind": "kmer", "k": 3, "stride": 3}), Settings())
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 0)
    for way in WAYS:
        with pytest.raises(MachineError, match=r"windows of .* bp: about .*; take a smaller --context"):
            next(log_probabilities(source, 0, 3, model, Settings(way, 512, 2)))
