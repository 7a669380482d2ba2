import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.alphabet import reverse_complement
from dna_mamba.checkpoints import save_model, weights_sha256
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaRecord
from dna_mamba.models.streaming import BUDGETS, Budget
from dna_mamba.scoring import embed
from tests.scoring.worlds import CADUCEUS_IDS, MODES, random_sequence, small_model, write_fasta


def record(sequence, name="s"):
    return FastaRecord(name, "", sequence.encode())


def mean_by_hand(model, sequence):
    """Mean over positions of the encoder's output, one strand at a time."""
    ids = torch.tensor([[CADUCEUS_IDS[base] for base in sequence]])
    other = torch.tensor([[CADUCEUS_IDS[base] for base in reverse_complement(sequence)]])
    with torch.no_grad():
        forward, backward = (model.encoder(strand)[0].mean(0).numpy() for strand in (ids, other))
    return {
        "none": forward,
        "augment": forward,
        "post-hoc": (forward + backward) / 2,
        "shared": np.concatenate([forward, backward[::-1]]),
    }[model.config.reverse_complement]


@pytest.mark.parametrize("mode", MODES)
def test_against_brute_force(mode):
    model, sequences = small_model(mode), [random_sequence(n, seed=n) for n in (1, 30, 7)]
    result = embed(map(record, sequences), model.train())
    np.testing.assert_allclose(result.embeddings, [mean_by_hand(model, s) for s in sequences], atol=1e-5)
    assert result.embeddings.dtype == np.float32
    assert result.lengths.tolist() == [1, 30, 7]


@settings(max_examples=40)
@given(lengths=st.lists(st.integers(1, 40), max_size=9), batch_size=st.integers(1, 9))
def test_a_vector_does_not_depend_on_its_batch(lengths, batch_size):
    model = small_model()
    records = [record(random_sequence(n, seed=i), f"s{i}") for i, n in enumerate(lengths)]
    result = embed(records, model, batch_size=batch_size)
    assert result.ids == tuple(r.name for r in records)
    assert result.embeddings.shape == (len(lengths), 32)
    for vector, one in zip(result.embeddings, records, strict=True):
        np.testing.assert_allclose(vector, embed([one], model).embeddings[0], atol=1e-5)


def test_the_reverse_complement_swaps_the_strands():
    sequence = random_sequence(50)
    vectors = embed([record(sequence), record(reverse_complement(sequence))], small_model("shared")).embeddings
    np.testing.assert_allclose(vectors[1], vectors[0][::-1], atol=1e-5)


def test_soft_mask_and_ambiguity_codes():
    vectors = embed(map(record, ("ACGTN", "acgtn", "ACGTR")), small_model()).embeddings
    assert (vectors == vectors[0]).all()


def test_words_of_several_bases():
    model = small_model("none", {"kind": "kmer", "k": 3, "stride": 3})
    result = embed([record(random_sequence(31))], model)
    assert result.embeddings.shape == (1, 16)
    assert result.lengths.tolist() == [31]


def test_longer_than_a_part(monkeypatch):
    """A sequence is run in parts, and where it is long a layer's outputs are not kept."""
    sequence = random_sequence(100)
    expected = mean_by_hand(small_model(), sequence)
    for kept_bytes in (0, 2**30):
        monkeypatch.setitem(BUDGETS, "cpu", Budget(16, kept_bytes))
        (vector,) = embed([record(sequence)], small_model()).embeddings
        np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_nothing_is_cut_in_silence():
    with pytest.raises(InputError, match=r"'long': 41 bp is longer than the limit of 40 bp; raise --max-length"):
        embed([record("A" * 40), record("A" * 41, "long")], small_model(), max_length_bp=40)


def test_an_empty_sequence_is_named():
    with pytest.raises(InputError, match="'void'"):
        embed([record("ACGT"), record("", "void")], small_model())


def test_archive(tmp_path):
    save_model(small_model(), tmp_path / "model")
    fasta = write_fasta(tmp_path / "in.fa", {"seq1": "ACGTACGT", "séq2": "TTGA"})
    embed(fasta, tmp_path / "model").save(tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as archive:
        assert archive["ids"].tolist() == ["seq1", "séq2"]
        assert archive["lengths"].tolist() == [8, 4]
        assert archive["embeddings"].dtype == np.float32
        assert archive["embeddings"].shape == (2, 32)
        metadata = json.loads(str(archive["metadata"]))
    assert metadata["layer"] == "2 of 2, after the final norm"
    assert metadata["pooling"] == "mean over positions"
    assert metadata["strands"].startswith("first half forward strand, second half reverse strand")
    assert metadata["weights_sha256"] == weights_sha256(tmp_path / "model")
    assert metadata["config"]["d_model"] == 16


def test_equal_runs_are_equal_bytes_and_old_files_are_kept(tmp_path):
    result = embed([record("ACGT")], small_model())
    result.save(tmp_path / "a.npz")
    embed([record("ACGT")], small_model()).save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        result.save(tmp_path / "a.npz")
