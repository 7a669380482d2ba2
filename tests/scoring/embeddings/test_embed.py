import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.alphabet import reverse_complement
from dna_mamba.checkpoints import save_model, weights_sha256
from dna_mamba.errors import InputError, MachineError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.fasta import FastaReader, FastaRecord
from dna_mamba.models.streaming import BUDGETS, Budget
from dna_mamba.scoring import embed
from tests.worlds import CADUCEUS_IDS, MODES, random_sequence, small_model, write_fasta


def record(sequence, name="s"):
    return FastaRecord(name, "", sequence.encode())


POOL_BY_HAND = {
    "mean": lambda hidden_LC: hidden_LC.mean(0, keepdims=True),
    "max": lambda hidden_LC: hidden_LC.max(0, keepdims=True),
    "center": lambda hidden_LC: hidden_LC[(len(hidden_LC) - 1) // 2 : len(hidden_LC) // 2 + 1].mean(0, keepdims=True),
    "none": lambda hidden_LC: hidden_LC,
}


def hidden_by_hand(model, sequence, n_layers=2):
    """(L, C) after so many layers, called one by one, one strand at a time."""
    mode, strands = model.config.reverse_complement, []
    for strand in (sequence, reverse_complement(sequence)):
        x_BLD = model.encoder.embedding(torch.tensor([[CADUCEUS_IDS[base] for base in strand]]))
        for layer in model.encoder.layers[:n_layers]:
            x_BLD = layer(x_BLD)
        strands.append((model.encoder.norm(x_BLD) if n_layers == 2 else x_BLD)[0].detach().numpy())
    forward, backward = strands[0], strands[1][::-1]
    if mode == "shared":
        return np.concatenate([forward, backward[:, ::-1]], axis=1)
    return (forward + backward) / 2 if mode == "post-hoc" else forward


def mean_by_hand(model, sequence):
    return hidden_by_hand(model, sequence).mean(0)


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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pool", POOL_BY_HAND)
@pytest.mark.parametrize("layer", [0, 1, -1])
@pytest.mark.parametrize("budget", [Budget(16, 0), Budget(4096, 2**30)])
def test_layers_and_poolings(mode, pool, layer, budget, monkeypatch):
    """In batches, in parts, with layers whose outputs are kept or not: what the layers called by hand give."""
    monkeypatch.setitem(BUDGETS, "cpu", budget)
    model, sequences = small_model(mode), [random_sequence(n, seed=n) for n in (1, 70, 7, 8, 71)]
    result = embed(map(record, sequences), model, layer=layer, pool=pool, batch_size=3)
    n_layers = 2 if layer == -1 else layer
    expected = [POOL_BY_HAND[pool](hidden_by_hand(model, sequence, n_layers)) for sequence in sequences]
    np.testing.assert_allclose(result.embeddings, np.concatenate(expected), atol=2e-5)
    assert result.metadata["layer"] == f"{n_layers} of 2, {'after' if n_layers == 2 else 'without'} the final norm"
    if pool == "none":
        assert result.offsets.tolist() == [0, 1, 71, 78, 86, 157]
    else:
        assert result.offsets is None


@pytest.mark.parametrize("pool", ["mean", "max", "center"])
@pytest.mark.parametrize("length", [30, 31])
def test_pooled_vectors_of_both_strands(pool, length):
    sequence = random_sequence(length)
    both = [record(sequence), record(reverse_complement(sequence))]
    shared = embed(both, small_model("shared"), pool=pool).embeddings
    np.testing.assert_allclose(shared[1], shared[0][::-1], atol=1e-5)
    averaged = embed(both, small_model("post-hoc"), pool=pool).embeddings
    np.testing.assert_allclose(averaged[1], averaged[0], atol=1e-5)


def test_every_position_of_no_sequence():
    result = embed([], small_model(), pool="none")
    assert result.embeddings.shape == (0, 32) and result.offsets.tolist() == [0]


@pytest.mark.parametrize(
    ("how", "hint"),
    [({"layer": 3}, "no layer 3; give 0 "), ({"layer": -4}, "or -1 "), ({"pool": "median"}, "mean, max, center, none")],
)
def test_no_such_layer_or_pooling(how, hint):
    with pytest.raises(InputError, match=hint):
        embed([record("ACGT")], small_model(), **how)


def test_rows_for_every_position_must_fit(monkeypatch):
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 20_000)
    embed([record("A" * 60)], small_model(), pool="none")
    with pytest.raises(MachineError, match="sequence 'b' of 60 bp: rows for every position"):
        embed([record("A" * 60, "a"), record("A" * 60, "b")], small_model(), pool="none")


@pytest.mark.parametrize("layer", [None, 0])
def test_progress_is_in_base_pairs(layer, monkeypatch):
    """Nothing of a long sequence is told after the fact alone."""
    monkeypatch.setitem(BUDGETS, "cpu", Budget(16, 0))
    told = []
    embed([record(random_sequence(n)) for n in (500, 3, 40)], small_model(), layer=layer, advance=told.append)
    assert sum(told) == 543
    assert (max(told) < 20) == (layer is None)


def genome_of(tmp_path):
    return write_fasta(tmp_path / "genome.fa", {"chr1": random_sequence(90, 1), "chr2": random_sequence(40, 2)})


def test_regions_of_a_genome(tmp_path):
    path, model = genome_of(tmp_path), small_model("none")
    regions = [
        Interval("chr2", 5, 40),
        Interval("chr1", 0, 90, "whole"),
        Interval("chr1", 10, 30, "back", Strand.REVERSE),
    ]
    with FastaReader(path) as genome:
        result = embed(genome, model, regions=regions)
        sequences = [genome.fetch(r.chrom, r.start, r.end).decode() for r in regions]
        assert result.metadata["reference_sha256"] == genome.fingerprint
        whole = embed(genome, model)
    sequences[2] = reverse_complement(sequences[2])
    np.testing.assert_allclose(result.embeddings, [mean_by_hand(model, s) for s in sequences], atol=1e-5)
    assert result.ids == ("chr2:6-40", "whole", "back") and result.lengths.tolist() == [35, 90, 20]
    assert result.regions == tuple(regions)
    assert whole.ids == ("chr1", "chr2") and whole.regions is None
    np.testing.assert_allclose(whole.embeddings[0], result.embeddings[1], atol=1e-6)
    assert embed(path, model, regions=regions).metadata == result.metadata


def test_regions_that_leave_the_genome(tmp_path):
    for region, hint in ((Interval("chr2", 5, 41), r"chr2:6-41 \(1-based\) ends past"), (Interval("x", 0, 1), "'x'")):
        with pytest.raises(InputError, match=hint):
            embed(genome_of(tmp_path), small_model(), regions=[Interval("chr1", 0, 5), region])
    with pytest.raises(InputError, match="give a FastaReader"):
        embed([record("ACGT")], small_model(), regions=[Interval("chr1", 0, 5)])


def test_sequences_have_the_fingerprint_of_their_genome(tmp_path):
    path = genome_of(tmp_path)
    with FastaReader(path) as genome:
        assert embed(path, small_model()).metadata["sequences_sha256"] == genome.fingerprint


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
