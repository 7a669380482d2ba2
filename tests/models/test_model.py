"""The encoder: strand symmetry, padding, recomputation, and the two identities it is built on."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel, ModelConfig, preset
from dna_mamba.models.config import ReverseComplement
from dna_mamba.models.strands import reverse_complement_ids
from dna_mamba.models.streaming import BUDGETS, DeviceBudget
from dna_mamba.tokenizers import BPETokenizer
from dna_mamba_kernels import depthwise_conv, selective_scan

TOKENIZER = {"kind": "nucleotide", "vocabulary": "caduceus"}
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def small_model(mode: ReverseComplement, **overrides: object) -> MaskedLanguageModel:
    """Two layers, 16 channels, random weights large enough that every part of the network matters."""
    torch.manual_seed(7)
    config = ModelConfig(d_model=16, n_layer=2, reverse_complement=mode, tokenizer=TOKENIZER, **overrides)
    model = MaskedLanguageModel(config).eval()
    with torch.no_grad():
        model.encoder.embedding.weight.normal_()
    return model


def random_ids(*shape: int, seed: int = 0) -> torch.Tensor:
    """Bases, N and masks."""
    ids = torch.randint(6, 12, shape, generator=torch.Generator().manual_seed(seed))
    return torch.where(ids == 6, 3, ids)


def mirrored(model: MaskedLanguageModel, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and hidden of the other strand, brought back to this one."""
    assert model.complement_V is not None
    logits, hidden = model(reverse_complement_ids(ids, model.complement_V))
    return logits.flip(1)[..., model.complement_V], hidden.flip(1)


@pytest.mark.parametrize("mode", ["shared", "post-hoc"])
def test_reverse_complement_commutes(mode: ReverseComplement) -> None:
    model, ids = small_model(mode), random_ids(2, 37)
    logits, hidden = model(ids)
    other_logits, other_hidden = mirrored(model, ids)
    torch.testing.assert_close(logits, other_logits, **TOLERANCE)
    expected = other_hidden.flip(-1) if mode == "shared" else other_hidden
    torch.testing.assert_close(hidden, expected, **TOLERANCE)


def test_one_strand_alone_is_not_symmetric() -> None:
    """The test above can fail: a model of mode none is not equivariant."""
    model, ids = small_model("none"), random_ids(2, 37)
    assert (model(ids).logits - mirrored(model, ids)[0]).abs().max() > 1e-2


@pytest.mark.parametrize("mode", ["none", "augment", "post-hoc", "shared"])
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_batch_mates_do_not_matter(mode: ReverseComplement, lengths: list[int]) -> None:
    model, width = small_model(mode), max(lengths) + 3
    ids = random_ids(len(lengths), width, seed=sum(lengths))
    together = model(ids, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = model(ids[row : row + 1, :length])
        for whole, part in zip(together, alone, strict=True):
            torch.testing.assert_close(whole[row : row + 1, :length], part, **TOLERANCE)


def test_padding_gives_no_gradient_and_takes_none() -> None:
    model, ids, lengths = small_model("shared").train(), random_ids(2, 30), torch.tensor([30, 11])
    model(ids, lengths).logits[1, :11].square().sum().backward()
    padded = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    model(ids[1:, :11]).logits.square().sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(padded[name], parameter.grad, rtol=1e-4, atol=1e-4)


def test_recomputation_changes_nothing() -> None:
    model, ids = small_model("shared").train(), random_ids(2, 50)
    gradients = []
    for recompute in (False, True):
        model.encoder.recompute = recompute
        model.zero_grad()
        model(ids).logits.square().mean().backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for stored, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(stored, recomputed, rtol=1e-6, atol=1e-7)


def mamba_mixer(model: MaskedLanguageModel, h: torch.Tensor, *, reverse: bool) -> torch.Tensor:
    """The published one-direction mixer, written out with its own projections (Gu & Dao 2023, section 3.4)."""
    mixer = model.encoder.layers[0].mixer
    part = mixer.right_to_left if reverse else mixer.left_to_right
    x, z = mixer.in_proj(h).chunk(2, dim=-1)
    x = depthwise_conv(x, part.conv_weight, part.conv_bias)
    dt, B, C = part.x_proj(x).split(part.split, dim=-1)
    delta = F.softplus(part.dt_proj(dt) + part.dt_bias)
    y, _ = selective_scan(x, delta, -part.A_log.exp(), B, C, part.D, z=z)
    return mixer.out_proj(y)


def test_layer_is_two_published_mixers_summed() -> None:
    model, h = small_model("none"), torch.randn(2, 23, 16)
    forward = mamba_mixer(model, h, reverse=False)
    backward = mamba_mixer(model, h.flip(1), reverse=True).flip(1)
    torch.testing.assert_close(model.encoder.layers[0].mixer(h), forward + backward, **TOLERANCE)


def test_shared_is_one_network_on_both_strands() -> None:
    """Logits are the sum of both strands' (Schiff et al. 2024, section 3.3)."""
    shared, single = small_model("shared"), small_model("none")
    single.load_state_dict(shared.state_dict())
    ids = random_ids(2, 19)
    torch.testing.assert_close(shared(ids).logits, single(ids).logits + mirrored(single, ids)[0], **TOLERANCE)


def test_post_hoc_trains_on_one_strand() -> None:
    model, ids = small_model("post-hoc"), random_ids(2, 19)
    torch.testing.assert_close(model.train()(ids).logits, small_model("none")(ids).logits)
    assert not torch.allclose(model.eval()(ids).logits, small_model("none")(ids).logits)


@pytest.mark.parametrize(("size", "low", "high"), [("tiny", 0.9e6, 2e6), ("small", 7e6, 9e6), ("base", 40e6, 50e6)])
def test_default_sizes(size: str, low: float, high: float) -> None:
    with torch.device("meta"):
        model = MaskedLanguageModel(preset(size, TOKENIZER, reverse_complement="none"))
    assert low < model.n_parameters <= high


def test_unknown_size_and_unmirrored_tokens_are_refused() -> None:
    with pytest.raises(InputError, match="tiny, small, base"):
        preset("huge", TOKENIZER)
    with pytest.raises(InputError, match="no reverse complement"):
        MaskedLanguageModel(preset("tiny", BPETokenizer.train(["ACGTACGTACGTTTTT" * 4], vocab_size=16).to_config()))


@pytest.mark.parametrize("mode", ["none", "augment", "post-hoc", "shared"])
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=4), seed=st.integers(0, 99), padded=st.booleans())
def test_logits_at_sites_are_those_of_the_whole(
    mode: ReverseComplement, lengths: list[int], seed: int, padded: bool
) -> None:
    """At any place of each sequence, its ends included; products of another shape may round the last bits otherwise."""
    model = small_model(mode)
    width = max(lengths) + (2 if padded else 0)
    lengths_B = torch.tensor(lengths if padded else [width] * len(lengths))
    ids = random_ids(len(lengths), width, seed=seed)
    offsets = torch.tensor([(seed * 7 + row) % n for row, n in enumerate(lengths_B.tolist())])
    with torch.no_grad():
        whole = model.both_strands(ids, lengths_B if padded else None).logits
    found = model.site_logits(ids, offsets, lengths_B if padded else None)
    torch.testing.assert_close(found, whole[torch.arange(len(lengths)), offsets], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("mode", ["none", "augment", "post-hoc", "shared"])
@pytest.mark.parametrize(
    "fields", [{}, {"combine": "multiply"}, {"tied": False}, {"complemented_input": True}], ids=str
)
@pytest.mark.parametrize("length", [1, 3, 31])
def test_logits_at_the_middle_of_all(mode: ReverseComplement, fields: dict[str, Any], length: int) -> None:
    """Where the last layer is run for the middle alone; in groups of rows where a batch is more than a part."""
    model, ids = small_model(mode, **fields), random_ids(5, length)
    offsets = torch.full((5,), length // 2)
    with torch.no_grad():
        whole = model.both_strands(ids).logits[:, length // 2]
    torch.testing.assert_close(model.site_logits(ids, offsets), whole, rtol=1e-5, atol=1e-5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BUDGETS, "cpu", DeviceBudget(64, 0))
        torch.testing.assert_close(model.site_logits(ids, offsets), whole, rtol=1e-5, atol=1e-5)


def test_the_last_layer_reads_each_half_once() -> None:
    """Of 31 positions with the site in the middle: 15 and 16 of each strand, where the layer before reads all twice."""
    model, read = small_model("post-hoc"), []
    for layer in model.encoder.layers:
        for scan in (layer.mixer.left_to_right, layer.mixer.right_to_left):
            scan.register_forward_pre_hook(lambda _, given: read.append(given[0].shape[1]))
    model.site_logits(random_ids(2, 31), torch.full((2,), 15))
    assert sorted(read[-3:]) == [1, 15, 16] and set(read[:-3]) == {31}
