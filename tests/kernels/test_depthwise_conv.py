"""The convolution against the float64 formula and torch's own, both directions, with and without context."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba_kernels import depthwise_conv
from tests.kernels.cases import BACKENDS, NATIVE, assert_close, conv_case, distance, run_conv

pytestmark = pytest.mark.usefixtures("poisoned")
SHAPES = [  # batch, length, channels, taps
    (1, 1, 1, 1),
    (1, 1, 5, 4),
    (2, 3, 16, 4),
    (2, 70, 33, 4),
    (3, 255, 8, 3),
    (1, 256, 20, 4),
    (1, 257, 7, 5),
    (2, 600, 40, 4),
    (2, 5, 3, 8),
    (2, 90, 1536, 4),  # outputs that go past the caches
]


@pytest.mark.parametrize("silu", [False, True], ids=["linear", "silu"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_agrees_with_reference(backend, shape, reverse, silu):
    case = conv_case(*shape)
    exact = run_conv(case, "reference", torch.float64, reverse=reverse, silu=silu)
    assert_close(run_conv(case, backend, reverse=reverse, silu=silu), exact, outputs=2e-6, gradients=2e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=25, derandomize=True)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(0, 300), st.integers(1, 40), st.integers(1, 6)),
    options=st.sets(st.sampled_from(["bias", "context"])),
    reverse=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_agrees_with_reference_on_any_problem(backend, shape, options, reverse, seed):
    case = conv_case(*shape, options=options, seed=seed)
    exact = run_conv(case, "reference", torch.float64, reverse=reverse)
    assert_close(run_conv(case, backend, reverse=reverse), exact)


@pytest.mark.parametrize("backend", BACKENDS)
def test_is_the_convolution_of_torch(backend):
    case = conv_case(2, 50, 12, 4, options=["bias"])
    conv = torch.nn.Conv1d(12, 12, 4, groups=12, padding=3)
    conv.weight.data, conv.bias.data = case["weight"][:, None], case["bias"]
    expected = torch.nn.functional.silu(conv(case["x"].transpose(1, 2))[..., :50]).transpose(1, 2)
    assert distance(depthwise_conv(**case, backend=backend), expected) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_reverse_is_the_convolution_of_the_flipped_sequence(backend):
    case = conv_case(2, 300, 9, 4)
    flipped = {**case, "x": case["x"].flip(1), "initial_context": case["initial_context"].flip(1)}
    y = depthwise_conv(**case, reverse=True, backend=backend)
    torch.testing.assert_close(y, depthwise_conv(**flipped, backend=backend).flip(1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_chunks_with_context_are_the_whole(backend):
    case = conv_case(1, 90, 10, 4, options=["bias"])
    x, rest = case.pop("x"), case
    for reverse in (False, True):
        whole = depthwise_conv(x, **rest, reverse=reverse, backend=backend)
        left = depthwise_conv(
            x[:, :41], **rest, reverse=reverse, backend=backend, initial_context=x[:, 41:44] if reverse else None
        )
        right = depthwise_conv(
            x[:, 41:], **rest, reverse=reverse, backend=backend, initial_context=None if reverse else x[:, 38:41]
        )
        assert distance(torch.cat([left, right], dim=1), whole) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_takes_slices_of_a_projection(backend):
    x = torch.randn(2, 30, 40)[..., 7:24].requires_grad_()
    weight = torch.randn(17, 4)
    y = depthwise_conv(x, weight, backend=backend)
    (grad,) = torch.autograd.grad(y.sum(), x)
    dense = x.detach().contiguous().requires_grad_()
    (dense_grad,) = torch.autograd.grad(depthwise_conv(dense, weight, backend=backend).sum(), dense)
    assert torch.equal(y, depthwise_conv(dense, weight, backend=backend))
    assert torch.equal(grad, dense_grad)


@pytest.mark.parametrize("backend", NATIVE)
def test_threads_do_not_change_a_bit(backend):
    case = conv_case(2, 900, 50, 4)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results.append(run_conv(case, backend))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert torch.equal(results[0].outputs[0], other.outputs[0])
        assert all(torch.equal(a, other.gradients[name]) for name, a in results[0].gradients.items())


@pytest.mark.parametrize("wanted", ["x", "weight", "bias", "initial_context"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_gradient_of_one_input_only(backend, wanted):
    case = conv_case(2, 45, 9, 4)
    everything = run_conv(case, backend)
    leaves = {k: x.requires_grad_(k == wanted) for k, x in case.items()}
    y = depthwise_conv(**leaves, backend=backend)
    y.backward(torch.randn(y.shape, generator=torch.Generator().manual_seed(1)))
    assert distance(leaves[wanted].grad, everything.gradients[wanted]) < 1e-6
    assert all(x.grad is None for name, x in leaves.items() if name != wanted)


def test_gradcheck():
    for reverse, silu in itertools.product((False, True), repeat=2):
        case = {k: x.double().requires_grad_() for k, x in conv_case(2, 6, 3, 4).items()}

        def conv(*tensors, names=tuple(case), reverse=reverse, silu=silu):
            arguments = dict(zip(names, tensors, strict=True))
            return depthwise_conv(**arguments, reverse=reverse, silu=silu, backend="reference")

        assert torch.autograd.gradcheck(conv, tuple(case.values()))


@pytest.mark.parametrize("options", [("bias", "context"), ()], ids=["all", "none"])
@pytest.mark.parametrize("backend", NATIVE)
def test_opcheck(backend, options):
    case = conv_case(2, 20, 5, 4, options=options)
    tensors = [case[k].requires_grad_() if k in case else None for k in ("x", "weight", "bias", "initial_context")]
    torch.library.opcheck(torch.ops.dna_mamba.depthwise_conv.default, (*tensors, False, True, backend))


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("backend", NATIVE)
def test_bfloat16_is_float32_rounded_once(backend, shape, reverse):
    """Outputs and gradients to the bit; weights and their gradients are float32."""
    activations = ("x", "initial_context")
    case = {k: x.bfloat16() if k in activations else x for k, x in conv_case(*shape).items()}
    results = []
    for dtype in (torch.bfloat16, torch.float32):
        leaves = {k: (x.to(dtype) if k in activations else x).detach().requires_grad_() for k, x in case.items()}
        y = depthwise_conv(**leaves, reverse=reverse, backend=backend)
        dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).bfloat16().to(dtype)
        results.append([y, *torch.autograd.grad(y, list(leaves.values()), dy)])
    for name, half, single in zip(("y", *case), *results, strict=True):
        assert half.dtype == (torch.bfloat16 if name in ("y", *activations) else torch.float32), name
        assert torch.equal(half, single.to(half.dtype)), name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_keeps_the_dtype_of_its_input(dtype):
    case = {k: x.to(dtype) for k, x in conv_case(1, 20, 5, 4).items()}
    y = depthwise_conv(**case)
    exact = depthwise_conv(**{k: x.double() for k, x in case.items()})
    assert y.dtype == dtype
    assert distance(y, exact) <= torch.finfo(dtype).eps


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="weight is"):
        depthwise_conv(torch.zeros(1, 3, 4), torch.zeros(5, 4))
    with pytest.raises(ValueError, match="initial_context is"):
        depthwise_conv(torch.zeros(1, 3, 4), torch.zeros(4, 4), initial_context=torch.zeros(1, 4, 4))
    with pytest.raises(ValueError, match="x must be"):
        depthwise_conv(torch.zeros(3, 4), torch.zeros(4, 4))
