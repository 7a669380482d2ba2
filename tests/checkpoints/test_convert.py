"""Models of ours in the published format: the same function, or a refusal; and the command that does it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from dna_mamba.checkpoints import convert, load_model, save_model, weights_sha256
from dna_mamba.cli.main import cli
from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig, build_model
from dna_mamba.tokenizers import KmerTokenizer, NucleotideTokenizer
from tests.parity.published_files import published_config, random_tensors, write_published_directory
from tests.parity.published_function import published_function

SIZES = st.integers(1, 6)
CONFIGS = st.builds(
    ModelConfig,
    d_model=st.integers(1, 20),
    n_layer=st.integers(1, 3),
    d_state=SIZES,
    d_conv=SIZES,
    expand=st.integers(1, 2),
    dt_rank=st.integers(0, 3),
    norm=st.sampled_from(["rms", "layer"]),
    norm_eps=st.sampled_from([1e-5, 1e-3]),
    conv_bias=st.booleans(),
    proj_bias=st.booleans(),
    combine=st.sampled_from(["add", "multiply"]),
    tied=st.booleans(),
    residual_in_fp32=st.booleans(),
    complemented_input=st.booleans(),
    num_labels=st.integers(0, 2),
    reverse_complement=st.sampled_from(["none", "augment", "post-hoc", "shared"]),
    tokenizer=st.builds(
        lambda name, rows: NucleotideTokenizer(name, rows).to_config(),
        st.sampled_from(["caduceus", "plantcaduceus"]),
        st.sampled_from([None, 20]),
    ),
)


@settings(max_examples=20)
@given(CONFIGS, st.integers(0, 2**31))
def test_ours_to_published_and_back(config: ModelConfig, seed: int) -> None:
    representable = not config.complemented_input or (config.reverse_complement == "shared" and config.n_layer % 2 == 1)
    assume(representable)
    torch.manual_seed(seed)
    model, ids = build_model(config).eval(), torch.randint(config.tokenizer["vocab_size"], (2, 15))
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        save_model(model, place / "native")
        convert(place / "native", place / "published", "caduceus")
        read = load_model(place / "published")
        assert read.config == config and torch.equal(read(ids).logits, model(ids).logits)
        convert(place / "published", place / "again", "native")
        assert weights_sha256(place / "again") == weights_sha256(place / "native")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"complemented_input": True}, "complemented_input"),
        ({"complemented_input": True, "reverse_complement": "none", "n_layer": 3}, "complemented_input"),
        ({"tokenizer": KmerTokenizer(3).to_config()}, "tokenizer 'kmer'"),
    ],
)
def test_what_the_format_cannot_say_is_refused(fields: dict[str, Any], named: str, tmp_path: Path) -> None:
    tokenizer = NucleotideTokenizer.caduceus().to_config()
    config = ModelConfig(**{"d_model": 8, "n_layer": 2, "tokenizer": tokenizer, **fields})
    save_model(build_model(config), tmp_path / "native")
    with pytest.raises(InputError, match=named):
        convert(tmp_path / "native", tmp_path / "published", "caduceus")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["native"]


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(cli, ["convert", *map(str, words)])


def test_the_command_there_and_back(tmp_path: Path) -> None:
    config = published_config("plantcaduceus", n_layer=3)
    published = write_published_directory(tmp_path / "published", config, random_tensors(config, seed=4))
    result = run(published, tmp_path / "native", "--to", "native")
    assert (result.exit_code, result.stdout) == (0, "")
    assert weights_sha256(tmp_path / "native") in result.stderr
    assert run(tmp_path / "native", tmp_path / "back", "--to", "caduceus").exit_code == 0
    for name in ("config.json", "model.safetensors"):
        assert json.loads((tmp_path / "native" / "manifest.json").read_text())["files"].keys() >= {name}
    assert (tmp_path / "back" / "config.json").read_bytes() == (published / "config.json").read_bytes()
    before, after = load_file(published / "model.safetensors"), load_file(tmp_path / "back" / "model.safetensors")
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


def test_the_packaged_model_runs_in_the_published_function(tmp_path: Path) -> None:
    """What is exported is read by the rules of the published format, not only by our own reader."""
    convert("yeast-tiny", tmp_path / "published", "caduceus")
    config = json.loads((tmp_path / "published" / "config.json").read_text())
    tensors = load_file(tmp_path / "published" / "model.safetensors")
    tied = [(n, n.replace("mamba_fwd", "mamba_rev")) for n in tensors if "mamba_fwd.in_" in n or "mamba_fwd.out_" in n]
    tensors |= {copy: tensors[name] for name, copy in tied}
    tensors["lm_head.weight"] = tensors["caduceus.backbone.embeddings.word_embeddings.weight"]
    ids = torch.randint(7, 11, (1, 30))
    model = load_model("yeast-tiny").train()  # one strand: the published format knows no average
    torch.testing.assert_close(model(ids).logits, published_function(config, tensors, ids).logits, rtol=1e-4, atol=1e-4)


def test_mistakes(tmp_path: Path) -> None:
    config = published_config()
    published = write_published_directory(tmp_path / "published", config, random_tensors(config, seed=4))
    for words, hint in (
        ((published, tmp_path / "out", "--to", "caduceus"), "is in the caduceus format already"),
        (("yeast-tiny", tmp_path / "out", "--to", "native"), "is in the native format already"),
        ((published, published, "--to", "native"), "exists already"),
        ((tmp_path / "gone", tmp_path / "out", "--to", "native"), "no such model"),
        ((published, tmp_path / "out"), "Missing option '--to'"),
        ((published, tmp_path / "out", "--to", "onnx"), "'onnx' is not one of"),
    ):
        result = run(*words)
        assert (result.exit_code, result.stdout) == (2, "") and hint in result.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("vocabulary", ["caduceus", "plantcaduceus"])
@pytest.mark.parametrize("command", ["score", "embed"])
def test_published_models_score_and_embed(vocabulary: str, command: str, tmp_path: Path) -> None:
    """Straight from a published directory and after conversion: the same numbers."""
    config = published_config(vocabulary, n_layer=3)
    published = write_published_directory(tmp_path / "published", config, random_tensors(config, seed=6))
    convert(published, tmp_path / "native", "native")
    (tmp_path / "genome.fa").write_text(">c\n" + "ACGTTGCAAC" * 60 + "\n")
    (tmp_path / "in.vcf").write_text(
        "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nc\t301\t.\tA\tC,T\t.\t.\t.\n"
    )
    outputs = []
    for model in ("published", "native"):
        words = [command, "-m", tmp_path / model, "--threads", "1", "-o"]
        if command == "score":
            words += [tmp_path / f"{model}.vcf", "-f", tmp_path / "genome.fa", tmp_path / "in.vcf", "--no-version"]
        else:
            words += [tmp_path / f"{model}.npz", tmp_path / "genome.fa"]
        result = CliRunner().invoke(cli, list(map(str, words)))
        assert result.exit_code == 0, result.stderr
        outputs.append(Path(words[words.index("-o") + 1]))
    if command == "score":
        assert "DM_STATUS=OK,OK" in outputs[0].read_text()
        assert outputs[0].read_bytes() == outputs[1].read_bytes()
    else:
        first, second = (np.load(path)["embeddings"] for path in outputs)
        assert first.shape == (1, 16) and np.array_equal(first, second)
