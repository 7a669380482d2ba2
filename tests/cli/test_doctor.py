import json

import pytest
import torch
from click.testing import CliRunner

from dna_mamba import __version__
from dna_mamba.cli import inspection
from dna_mamba.cli.main import cli
from dna_mamba_kernels import available_backends
from dna_mamba_kernels.backends import BackendStatus


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Measure a single run: these tests ask what is reported, not how fast the machine is."""
    monkeypatch.setattr(inspection, "_MEASURE_SECONDS", 0.0)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_json_states_what_runs_here():
    result = CliRunner().invoke(cli, ["doctor", "--json", "--threads", "1"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert list(report) == ["versions", "platform", "threads", "devices", "kernels", "speed"]
    assert report["versions"]["dna-mamba"] == __version__
    assert report["versions"]["torch"] == torch.__version__
    assert {"python", "numpy", "pysam", "htslib", "triton"} <= report["versions"].keys()
    assert report["threads"] == 1
    assert {k["name"]: k["available"] for k in report["kernels"]} == {
        name: status.available for name, status in available_backends().items()
    }
    assert report["devices"][0]["name"] == "cpu"
    assert 0 < report["speed"]["scan_ns_per_channel_step"] < 1e6
    assert list(report["speed"]) == ["scan_ns_per_channel_step", "model", "model_tokens_per_second"]


@pytest.mark.parametrize(
    ("native", "kernel", "line"),
    [
        (BackendStatus(False, "not built", "no compiler"), "chunked", "does not run  not built; no compiler"),
        (BackendStatus(True, "avx2"), "native", "runs          avx2"),
    ],
)
def test_text_says_which_kernel_runs_and_why(monkeypatch, native, kernel, line):
    statuses = {**available_backends(), "triton": BackendStatus(False, "no CUDA"), "native": native}
    monkeypatch.setattr(inspection, "available_backends", lambda: statuses)
    result = CliRunner().invoke(cli, ["doctor", "--threads", "1"])
    assert result.exit_code == 0
    assert f"cpu  {kernel} kernel" in result.stdout
    assert line in result.stdout
    assert "ns a channel-step" in result.stdout


def test_the_speed_of_a_packaged_model_is_measured(packaged_model):
    report = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)
    assert report["speed"]["model"] == packaged_model.name
    assert report["speed"]["model_tokens_per_second"] > 0
