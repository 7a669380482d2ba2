"""What the environment says of the other processes, and whose error is heard."""

import pytest
import torch.distributed as dist
from torch._C._distributed_c10d import HashStore

from dna_mamba.errors import InputError, MachineError
from dna_mamba.training.distributed.launch import (
    Launch,
    LostProcessError,
    ReportedElsewhereError,
    is_lost,
    read_launch,
    reported_once,
)


@pytest.fixture(autouse=True)
def heed_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dna_mamba.training.distributed.launch._ignore_requests_to_end", lambda: None)


def code_of(error: BaseException) -> int:
    return getattr(error, "exit_code", 1)


def test_a_process_alone() -> None:
    assert read_launch({"HOME": "/"}) == Launch(0, 1, 0, 1, None)
    with pytest.raises(InputError, match="mine"), reported_once(Launch(), code_of):
        raise InputError("mine")


def test_half_an_environment_is_refused() -> None:
    with pytest.raises(InputError, match="MASTER_ADDR is not set; start the processes with torchrun"):
        read_launch({"RANK": "0", "WORLD_SIZE": "2"})


def test_the_first_error_is_heard_and_its_code_is_that_of_all() -> None:
    store = HashStore()
    with pytest.raises(MachineError, match="full"), reported_once(Launch(1, 3, 1, 3, store), code_of):
        raise MachineError("full")
    for error in (InputError("later"), ReportedElsewhereError(1), RuntimeError("[gloo] Connection closed by peer")):
        with (
            pytest.raises(ReportedElsewhereError) as heard,
            reported_once(Launch(0, 3, 0, 3, store), code_of),
        ):
            raise error
        assert heard.value.exit_code == 3


def test_a_process_that_is_gone_is_reported_by_the_first_to_notice() -> None:
    with pytest.raises(LostProcessError, match="--resume"), reported_once(Launch(0, 2, 0, 2, HashStore()), code_of):
        raise RuntimeError("[../gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:23")


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (dist.DistBackendError("x"), True),
        (dist.DistStoreError("wait timeout"), True),
        (RuntimeError("[third_party/gloo] Timed out waiting 3000ms for recv operation to complete"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("gloo"), False),
    ],
)
def test_which_errors_say_that_a_process_is_gone(error: Exception, lost: bool) -> None:
    assert is_lost(error) is lost
