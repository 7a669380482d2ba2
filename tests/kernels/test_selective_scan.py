"""The scan against the float64 reference: outputs to 1e-5, gradients to 1e-4 of each tensor's largest value."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba_kernels import selective_scan
from tests.kernels.cases import BACKENDS, NATIVE, OPTIONS, assert_close, distance, run_scan, scan_case

pytestmark = pytest.mark.usefixtures("poisoned")
SHAPES = [  # batch, length, d_inner, d_state
    (1, 1, 1, 1),
    (2, 2, 3, 1),
    (3, 31, 7, 2),
    (1, 32, 8, 3),
    (2, 33, 16, 4),
    (1, 65, 17, 5),
    (2, 129, 31, 7),
    (1, 64, 33, 8),
    (3, 97, 5, 12),
    (1, 200, 48, 16),
    (2, 77, 20, 17),
    (1, 63, 9, 33),
    (1, 70, 13, 64),
    (3, 60, 1536, 2),  # outputs that go past the caches
]
PER_POSITION = ("u", "delta", "B", "C", "z", "addend")
LONG_SHAPES = [(1, 5000, 6, 4), (2, 1023, 40, 16), (1, 2049, 10, 64), (3, 1500, 271, 3)]


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_agrees_with_reference(backend, shape, reverse):
    case = scan_case(*shape)
    exact = run_scan(case, "reference", torch.float64, reverse=reverse)
    assert_close(run_scan(case, backend, reverse=reverse), exact)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_chunked_is_the_reference_in_float64(shape, reverse):
    case = scan_case(*shape)
    exact = run_scan(case, "reference", torch.float64, reverse=reverse)
    result = run_scan(case, "chunked", torch.float64, reverse=reverse)
    assert_close(result, exact, outputs=1e-13, gradients=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("shape", LONG_SHAPES, ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_agrees_with_reference_over_long_sequences(backend, shape, reverse):
    case = scan_case(*shape)
    exact = run_scan(case, "reference", torch.float64, reverse=reverse)
    assert_close(run_scan(case, backend, reverse=reverse), exact)


problems = st.fixed_dictionaries(
    {
        "shape": st.tuples(st.integers(1, 3), st.integers(0, 150), st.integers(1, 40), st.integers(1, 64)),
        "reverse": st.booleans(),
        "delta_softplus": st.booleans(),
        "options": st.sets(st.sampled_from(OPTIONS)),
        "seed": st.integers(0, 2**31),
    }
)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(problem=problems)
def test_agrees_with_reference_on_any_problem(backend, problem):
    check_problem(backend, **problem)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=150, deadline=None)
@given(problem=problems)
def test_agrees_with_reference_on_many_problems(backend, problem):
    check_problem(backend, **problem)


def check_problem(backend, shape, reverse, delta_softplus, options, seed):
    case = scan_case(*shape, seed=seed, options=options)
    if not delta_softplus:
        case["delta"] = case["delta"].abs() * 0.1
        case.pop("delta_bias", None)
    flags = {"reverse": reverse, "delta_softplus": delta_softplus}
    exact = run_scan(case, "reference", torch.float64, **flags)
    assert_close(run_scan(case, backend, **flags), exact)


@pytest.mark.parametrize("backend", NATIVE)
def test_native_is_accurate_to_its_own_promise(backend):
    """1e-6 for y and 1e-5 for gradients, with the initialisation of Mamba: A = -(1..N), delta 0.001 to 0.1.

    The state itself holds modes that decay by 0.999 a position, of which float32 rounds every factor: 2e-6.
    """
    case = scan_case(2, 700, 48, 16)
    case["A"] = -torch.arange(1.0, 17.0).repeat(48, 1)
    wanted = torch.logspace(-3, -1, 48)
    case["delta_bias"] = wanted + torch.log(-torch.expm1(-wanted))
    case["delta"] *= 0.3
    exact = run_scan(case, "chunked", torch.float64)
    result = run_scan(case, backend)
    assert distance(result.outputs[0], exact.outputs[0]) <= 1e-6
    assert_close(result, exact, outputs=2e-6, gradients=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_state_survives_a_thousand_slow_steps(backend):
    """Decays of 0.999 a position: an exponential with a bias of 1e-6 would be off by 1e-3 here."""
    case = scan_case(1, 3000, 16, 2, options=())
    case["A"] = torch.full((16, 2), -0.01)
    case["delta"] = torch.full((1, 3000, 16), 0.1)
    with torch.no_grad():
        exact, _ = selective_scan(**{k: x.double() for k, x in case.items()}, backend="chunked")
        y, _ = selective_scan(**case, backend=backend)
    assert distance(y, exact) < 1e-5


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_halves_chain_to_the_whole(backend, reverse):
    case = scan_case(2, 101, 19, 6)
    state = case.pop("initial_state")
    whole, final = selective_scan(**case, initial_state=state, reverse=reverse, delta_softplus=True, backend=backend)
    windows = [slice(0, 37), slice(37, 101)]
    ys = {}
    for window in reversed(windows) if reverse else windows:
        part = {k: x[:, window] if k in PER_POSITION else x for k, x in case.items()}
        y, state = selective_scan(**part, initial_state=state, reverse=reverse, delta_softplus=True, backend=backend)
        ys[window.start] = y
    assert distance(torch.cat([ys[0], ys[37]], dim=1), whole) < 1e-6
    assert distance(state, final) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_reverse_is_the_scan_of_the_flipped_sequence(backend):
    case = scan_case(2, 75, 12, 5)
    flipped = {k: x.flip(1) if k in PER_POSITION else x for k, x in case.items()}
    y, final = selective_scan(**case, reverse=True, delta_softplus=True, backend=backend)
    y_flipped, final_flipped = selective_scan(**flipped, delta_softplus=True, backend=backend)
    assert_same(backend, y, y_flipped.flip(1))
    assert_same(backend, final, final_flipped)


def assert_same(backend, a, b):
    """To the bit for the native kernel; torch's own operations round by shape and stride."""
    assert distance(a, b) < 1e-6 if backend == "chunked" else torch.equal(a, b)


@pytest.mark.parametrize("backend", BACKENDS)
def test_takes_slices_of_a_projection(backend):
    """u, z, B and C as views of one tensor, delta of batch-first strides, dy expanded from one number."""
    batch, length, d_inner, d_state = 2, 40, 11, 3
    projection = torch.randn(batch, length, 2 * d_inner + 2 * d_state + 5)
    u, z, B, C, _ = projection.split([d_inner, d_inner, d_state, d_state, 5], dim=-1)
    delta = torch.randn(length, batch, d_inner).transpose(0, 1)
    views = {"u": u, "delta": delta, "A": -torch.rand(d_inner, d_state), "B": B, "C": C, "z": z}
    copies = {name: x.contiguous() for name, x in views.items()}
    results = []
    for tensors in (views, copies):
        leaves = {k: x.detach().requires_grad_() for k, x in tensors.items()}
        y, final = selective_scan(**leaves, delta_softplus=True, backend=backend)
        grads = torch.autograd.grad(y.sum() + final.sum(), list(leaves.values()))
        results.append([y, final, *grads])
    for a, b in zip(*results, strict=True):
        assert_same(backend, a, b)


@pytest.mark.parametrize("backend", BACKENDS)
def test_empty_sequence_hands_its_state_on(backend):
    case = scan_case(2, 0, 5, 4)
    y, final = selective_scan(**case, backend=backend)
    assert y.shape == (2, 0, 5)
    assert torch.equal(final, case["initial_state"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_fast_decay_is_exact_and_finite(backend):
    """The product delta A from -1e-3 to -1e6 in one tensor, forward and backward."""
    case = scan_case(1, 90, 8, 8, options=("D",))
    case["A"] = -torch.logspace(-3, 6, 8).repeat(8, 1)
    case["delta"] = torch.rand(1, 90, 8) + 0.5
    exact = run_scan(case, "reference", torch.float64, delta_softplus=False)
    result = run_scan(case, backend, delta_softplus=False)
    assert all(torch.isfinite(x).all() for x in [*result.outputs, *result.gradients.values()])
    assert_close(result, exact)


@pytest.mark.parametrize("backend", BACKENDS)
def test_softplus_is_exact_for_large_and_small_arguments(backend):
    case = scan_case(1, 16, 4, 2, options=())
    case["delta"] = torch.linspace(-60, 60, 64).reshape(1, 16, 4)
    case["A"] = torch.full((4, 2), -1e-3)
    exact = run_scan(case, "reference", torch.float64)
    assert_close(run_scan(case, backend), exact)


@pytest.mark.parametrize("backend", NATIVE)
def test_nan_is_not_hidden(backend):
    case = scan_case(1, 20, 4, 4)
    case["delta"][0, 7, 2] = float("nan")
    y, _ = selective_scan(**case, delta_softplus=True, backend=backend)
    assert torch.isnan(y[0, 7:, 2]).all()
    assert torch.isfinite(y[0, :7]).all() and torch.isfinite(y[0, :, [0, 1, 3]]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_runs_are_equal_to_the_bit(backend):
    case = scan_case(3, 150, 70, 16)
    first, second = (run_scan(case, backend) for _ in range(2))
    for a, b in zip(first.outputs, second.outputs, strict=True):
        assert torch.equal(a, b)
    for name, a in first.gradients.items():
        assert torch.equal(a, second.gradients[name])


@pytest.mark.parametrize("backend", NATIVE)
def test_threads_do_not_change_a_bit(backend):
    case = scan_case(1, 150, 150, 16)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results.append(run_scan(case, backend))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0].outputs, other.outputs, strict=True))
        assert all(torch.equal(a, other.gradients[name]) for name, a in results[0].gradients.items())


@pytest.mark.parametrize("backend", BACKENDS)
def test_batch_mates_do_not_change_a_bit(backend):
    case = scan_case(3, 61, 24, 5)
    together, _ = selective_scan(**case, delta_softplus=True, backend=backend)
    for i in range(3):
        alone = {k: x[i : i + 1] if k in (*PER_POSITION, "initial_state") else x for k, x in case.items()}
        y, _ = selective_scan(**alone, delta_softplus=True, backend=backend)
        assert_same(backend, y[0], together[i])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("backend", BACKENDS)
def test_half_precision_keeps_a_float32_state(backend, dtype):
    case = scan_case(1, 50, 10, 4)
    half = {k: x.to(dtype) if k in PER_POSITION else x for k, x in case.items()}
    y, final = selective_scan(**half, delta_softplus=True, backend=backend)
    exact, exact_final = selective_scan(
        **{k: x.double() for k, x in half.items()}, delta_softplus=True, backend="chunked"
    )
    assert y.dtype == dtype and final.dtype == torch.float32
    assert distance(y, exact) < torch.finfo(dtype).eps
    assert distance(final, exact_final) < 1e-5


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("backend", NATIVE)
def test_bfloat16_is_float32_rounded_once(backend, shape, reverse):
    """Outputs and gradients to the bit: read without loss, computed in float32, rounded when written."""
    case = {k: x.bfloat16() if k in PER_POSITION else x for k, x in scan_case(*shape).items()}
    halves, singles = (
        both_ways(selective_scan, {k: x.to(dtype) if k in PER_POSITION else x for k, x in case.items()},
                  delta_softplus=True, reverse=reverse, backend=backend)
        for dtype in (torch.bfloat16, torch.float32)
    )  # fmt: skip
    names = ("y", "final_state", *case)
    for name, half, single in zip(names, halves, singles, strict=True):
        assert half.dtype == (torch.bfloat16 if name in ("y", *PER_POSITION) else torch.float32), name
        assert torch.equal(half, single.to(half.dtype)), name


@pytest.mark.parametrize("backend", NATIVE)
def test_mixed_dtypes_lose_nothing(backend):
    """One activation in float32 among bfloat16: none is rounded on the way in."""
    case = scan_case(2, 50, 20, 4)
    mixed = {k: x.bfloat16() if k in ("u", "B", "z") else x for k, x in case.items()}
    y, final = selective_scan(**mixed, delta_softplus=True, backend=backend)
    wide = {k: x.float() for k, x in mixed.items()}
    exact, exact_final = selective_scan(**wide, delta_softplus=True, backend=backend)
    assert y.dtype == torch.bfloat16 and torch.equal(y, exact.bfloat16()) and torch.equal(final, exact_final)


@pytest.mark.parametrize("backend", NATIVE)
def test_bfloat16_rounds_to_even_and_keeps_what_is_not_finite(backend):
    """Outputs that are D: halfway between two bfloat16, past the largest, NaN and both infinities."""
    D = torch.tensor([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8, 3.4e38, float("nan"), float("inf"), -float("inf"), 0.0])
    ones, zeros = torch.ones(1, 5, 8).bfloat16(), torch.zeros(1, 5, 8).bfloat16()
    y, _ = selective_scan(ones, zeros, -torch.ones(8, 1), zeros[..., :1], zeros[..., :1], D, backend=backend)
    assert y.dtype == torch.bfloat16
    assert torch.equal(y.nan_to_num(nan=7), D.bfloat16().nan_to_num(nan=7).expand(1, 5, 8))
    assert torch.equal(y.isnan(), D.isnan().expand(1, 5, 8))


def both_ways(call, case, **flags):
    """Outputs and gradients by every tensor, the outputs' own gradients being numbers that bfloat16 holds."""
    leaves = {k: x.detach().requires_grad_() for k, x in case.items()}
    outputs = call(**leaves, **flags)
    outputs = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
    rng = torch.Generator().manual_seed(1)
    weights = [torch.randn(y.shape, generator=rng).bfloat16().to(y.dtype) for y in outputs]
    return [*outputs, *torch.autograd.grad(outputs, list(leaves.values()), weights)]


@pytest.mark.parametrize(
    "wanted", [["u"], ["A"], ["B"], ["delta_bias", "D"], ["initial_state"], ["z", "C"], ["addend"]], ids=str
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_of_some_inputs_only(backend, wanted):
    case = scan_case(2, 45, 9, 5)
    everything = run_scan(case, backend)
    leaves = {k: x.detach().requires_grad_(k in wanted) for k, x in case.items()}
    y, final = selective_scan(**leaves, delta_softplus=True, backend=backend)
    rng = torch.Generator().manual_seed(1)
    weights = [torch.randn(x.shape, generator=rng) for x in (y, final)]
    torch.autograd.backward([y, final], weights)
    for name, x in leaves.items():
        assert (x.grad is not None) == (name in wanted)
        if name in wanted:
            assert distance(x.grad, everything.gradients[name]) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradient_through_the_final_state_alone(backend):
    case = scan_case(1, 40, 6, 3, options=("initial_state",))
    grads = []
    for dtype, which in ((torch.float32, backend), (torch.float64, "reference")):
        leaves = {k: x.to(dtype).requires_grad_() for k, x in case.items()}
        _, final = selective_scan(**leaves, backend=which, delta_softplus=True)
        names = ["u", "delta", "A", "B", "initial_state"]
        grads.append(torch.autograd.grad(final.square().sum(), [leaves[k] for k in names]))
    for a, b in zip(*grads, strict=True):
        assert distance(a, b) < 1e-5


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_gradcheck(reverse):
    case = {k: x.double().requires_grad_() for k, x in scan_case(2, 7, 3, 2).items()}

    def scan(*tensors):
        arguments = dict(zip(case, tensors, strict=True))
        return selective_scan(**arguments, delta_softplus=True, reverse=reverse, backend="chunked")

    assert torch.autograd.gradcheck(scan, tuple(case.values()))


@pytest.mark.parametrize("options", [OPTIONS, ()], ids=["all", "none"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_opcheck(backend, options):
    case = scan_case(2, 40, 5, 3, options=options)
    tensors = [case[k].requires_grad_() if k in case else None for k in ("u", "delta", "A", "B", "C", *OPTIONS)]
    torch.library.opcheck(torch.ops.dna_mamba.selective_scan.default, (*tensors, True, False, backend, True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_opcheck_of_the_backward(backend):
    case = scan_case(2, 40, 5, 3)
    tensors = [case[k] for k in ("u", "delta", "A", "B", "C", *OPTIONS)]
    _, final, edges = torch.ops.dna_mamba.selective_scan(*tensors, True, False, backend, True)
    needs = [True, True, False, True, True, False, True, True, False, True]
    arguments = (*tensors, True, False, backend, edges, torch.randn_like(tensors[0]), torch.randn_like(final), needs)
    checks = ("test_schema", "test_faketensor")
    torch.library.opcheck(torch.ops.dna_mamba.selective_scan_backward.default, arguments, test_utils=checks)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("B", (1, 4, 3), "B is"),
        ("delta", (1, 5, 3), "delta is"),
        ("D", (4,), "D is"),
        ("initial_state", (1, 2, 3), "initial_state is"),
        ("u", (4, 3), "u must be"),
    ],
)
def test_shapes_that_do_not_fit_are_named(name, shape, message):
    case = {**scan_case(1, 4, 3, 2), name: torch.zeros(shape)}
    with pytest.raises(ValueError, match=message):
        selective_scan(**case)
