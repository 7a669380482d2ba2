import os

import click
import pytest
import torch
from click.testing import CliRunner

from dna_mamba.cli.options import default_threads, resolve_device, setup_torch, threads_option
from dna_mamba.errors import InputError, MachineError


def test_threads_follow_the_scheduler(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "7")
    assert default_threads() == 7


@pytest.mark.parametrize("granted", ["", "0", "many"])
def test_threads_follow_the_process_without_one(monkeypatch, granted):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", granted)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 5}, raising=False)
    assert default_threads() == 3


def test_the_option_asks_when_it_is_used(monkeypatch):
    @click.command()
    @threads_option
    def command(threads):
        click.echo(threads)

    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "5")
    assert CliRunner().invoke(command, []).output == "5\n"
    assert CliRunner().invoke(command, ["--threads", "2"]).output == "2\n"
    assert CliRunner().invoke(command, ["--threads", "0"]).exit_code == 2


def test_devices():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "meta", "cuda:x", ""])
def test_no_device_of_that_name(name):
    with pytest.raises(InputError, match="is not a device"):
        resolve_device(name)


def test_a_device_that_is_not_there():
    with pytest.raises(MachineError, match=r"cuda:99: .* here; --device cpu"):
        resolve_device("cuda:99")


def test_setup_sets_threads_and_seed():
    before = torch.get_num_threads()
    try:
        setup_torch(1, seed=5)
        first = torch.rand(3)
        setup_torch(1, seed=5)
        assert torch.get_num_threads() == 1
        assert torch.equal(first, torch.rand(3))
    finally:
        torch.set_num_threads(before)
