"""Batches: strand, soft mask, padding, and independence of the order in which they are asked for."""

import numpy as np
import torch

from dna_mamba.alphabet import decode_bases, encode_bases, reverse_complement
from dna_mamba.data.batches import MaskedBatches, Stage, holds_target
from dna_mamba.data.masking import MaskingPolicy
from dna_mamba.data.sampling import WindowSampler
from dna_mamba.genome import Interval
from dna_mamba.tokenizers import KmerTokenizer, NucleotideTokenizer

TOKENIZER = NucleotideTokenizer.caduceus()


def batches(genome: dict[str, np.ndarray], **policy: float) -> MaskedBatches:
    return staged(genome, [(0, 50, 6)], **policy)


def staged(genome: dict[str, np.ndarray], stages: list[tuple[int, int, int]], **policy: float) -> MaskedBatches:
    """Stages by their first step, window and windows a step."""
    places = [Interval(chrom, 0, len(codes)) for chrom, codes in genome.items()]
    samplers = [WindowSampler(places, window_bp, seed=3, both_strands=True) for _, window_bp, _ in stages]
    steps = [Stage(first, sampler, windows) for (first, _, windows), sampler in zip(stages, samplers, strict=True)]
    return MaskedBatches(genome, steps, TOKENIZER, MaskingPolicy(**policy), seed=3)


def genome() -> dict[str, np.ndarray]:
    letters = np.random.default_rng(0).choice(list("ACGTacgtN"), size=1000)
    return {"long": encode_bases("".join(letters)), "short": encode_bases("ACGTTGCAAC")}


def test_targets_are_the_window_on_its_strand() -> None:
    sequences = genome()
    batch = batches(sequences)[4]
    for row, window in enumerate(batch.windows):
        letters = decode_bases(sequences[window.chrom][window.start : window.end]).upper()
        expected = reverse_complement(letters) if window.reverse else letters
        assert TOKENIZER.decode(batch.targets[row, : len(letters)].numpy()) == expected


def test_any_order_gives_the_same_batch() -> None:
    some, others = batches(genome()), batches(genome())
    late = some[9]
    for step in (3, 9, 0):
        again = others[step]
    assert again.windows == some[0].windows
    for one, other in zip(late[:3], others[9][:3], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_short_contigs_are_padded_and_weigh_nothing_there() -> None:
    source = batches(genome(), rate=0.5)
    padded = next(b for b in (source[i] for i in range(20)) if b.lengths is not None)
    for row, length in enumerate(padded.lengths.tolist()):
        assert (padded.inputs[row, length:] == TOKENIZER.pad_id).all()
        assert (padded.weights[row, length:] == 0).all()


def test_soft_masked_bases_weigh_as_asked() -> None:
    sequences = {"c": encode_bases("ACGTacgt" * 100)}
    batch = batches(sequences, rate=0.5, soft_mask_weight=0.25)[0]
    for row, window in enumerate(batch.windows):
        codes = sequences["c"][window.start : window.end]
        is_lower = (codes[::-1] if window.reverse else codes) >= 8
        weights = batch.weights[row].numpy()
        assert set(weights[is_lower].tolist()) == {0.0, 0.25}
        assert set(weights[~is_lower].tolist()) == {0.0, 1.0}
    assert set(batches(sequences, rate=0.5)[0].weights.unique().tolist()) == {0.0, 1.0}


def test_whether_there_is_anything_to_predict() -> None:
    policy = MaskingPolicy()
    triplets = KmerTokenizer(3, 3)
    assert holds_target([encode_bases("N" * 500), encode_bases("NNA")], TOKENIZER, policy, 50)
    assert not holds_target([encode_bases("N" * 500), encode_bases("")], TOKENIZER, policy, 50)
    assert holds_target([encode_bases("ACG")], triplets, policy, 50)
    assert not holds_target([encode_bases("ACGT" * 9)], triplets, policy, 2)  # no window holds a word
    repeats_alone = [encode_bases("acgt" * 9)]
    assert holds_target(repeats_alone, TOKENIZER, policy, 50)
    assert not holds_target(repeats_alone, TOKENIZER, MaskingPolicy(soft_mask_weight=0), 50)


def test_stages_change_windows_and_not_the_bases_of_a_step() -> None:
    sequences = {"c": encode_bases("ACGTTGCA" * 200)}
    source = staged(sequences, [(0, 50, 8), (3, 100, 4), (5, 400, 1)])
    shapes = [tuple(source[step].inputs.shape) for step in range(7)]
    assert shapes == [(8, 50)] * 3 + [(4, 100)] * 2 + [(1, 400)] * 2
    assert [source.windows_at(step) for step in (2, 3, 5, 99)] == [8, 4, 1, 1]


def test_a_stage_begins_with_its_samplers_first_window_and_masks_of_its_own() -> None:
    sequences = {"c": encode_bases("ACGTTGCA" * 200)}
    source = staged(sequences, [(0, 50, 8), (3, 50, 8)])
    assert source[3].windows == source[0].windows
    assert not torch.equal(source[3].weights, source[0].weights)
    alone = staged(sequences, [(0, 50, 8)])
    assert torch.equal(alone[2].weights, source[2].weights)


def test_parts_of_a_batch_are_its_rows() -> None:
    source = staged({"c": encode_bases("ACGTTGCA" * 200)}, [(0, 50, 8), (3, 100, 4)])
    for step in (2, 4):
        whole, halves = source[step], [source.part(step, 0, 3), source.part(step, 3, source.windows_at(step))]
        assert whole.windows == halves[0].windows + halves[1].windows
        for field in ("inputs", "targets", "weights"):
            assert torch.equal(getattr(whole, field), torch.cat([getattr(half, field) for half in halves]))
