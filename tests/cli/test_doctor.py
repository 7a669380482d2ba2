import json
import re

import pytest
import torch
from click.testing import CliRunner

from dna_mamba import __version__
from dna_mamba.cli import inspection
from dna_mamba.cli.main import cli
from dna_mamba_kernels import available_backends
from dna_mamba_kernels.backends import BackendStatus
from dna_mamba_kernels.products import LibraryChoice, chosen_library


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
    assert list(report) == ["versions", "platform", "threads", "devices", "kernels", "products", "speed"]
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


def test_products_say_which_library_is_taken_and_how_fast_it_is():
    products = json.loads(CliRunner().invoke(cli, ["doctor", "--json", "--threads", "1"]).stdout)["products"]
    assert (products["library"], products["reason"]) == chosen_library()
    assert {"torch", "bfloat16", products["library"]} <= products["gigaflops"].keys()
    assert all(1e-3 < speed < 1e6 for speed in products["gigaflops"].values())


@pytest.mark.parametrize(
    ("fast", "words"), [(True, "multiplies bfloat16 itself"), (False, "float32 is the faster choice here")]
)
def test_text_names_the_library_and_what_bfloat16_is_worth(monkeypatch, fast, words):
    monkeypatch.setattr(inspection, "has_onednn", lambda: False)
    monkeypatch.setattr(inspection, "chosen_library", lambda: LibraryChoice("torch", "MKL on a test"))
    monkeypatch.setattr(inspection, "has_fast_bfloat16", lambda: fast)
    text = CliRunner().invoke(cli, ["doctor", "--threads", "1"]).stdout
    assert re.search(r"^  torch +[\d,]+ GFLOP/s +taken: MKL on a test$", text, re.MULTILINE)
    assert re.search(rf"^  bfloat16 +[\d,]+ GFLOP/s +.*{words}$", text, re.MULTILINE)
    assert "onednn" not in text


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
