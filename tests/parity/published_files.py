"""Random checkpoints in the published format: configurations, tensors, and directories as they are found."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

Tensors = dict[str, Tensor]
BACKBONE = "caduceus.backbone."
BASE_IDS = {"caduceus": (16, (7, 8, 9, 10)), "plantcaduceus": (8, (3, 4, 5, 6))}
"""Rows, and ids of A, C, G, T."""


def published_config(vocabulary: str = "caduceus", **changes: Any) -> dict[str, Any]:
    """A small configuration with the fields and usual values of the released ones."""
    rows, bases = BASE_IDS[vocabulary]
    complement = {i: i for i in range(rows)} | dict(zip(bases, reversed(bases), strict=True))
    ssm = {"d_state": 4, "d_conv": 4, "expand": 2, "dt_rank": "auto", "conv_bias": True, "bias": False}
    ssm |= {"dt_min": 0.001, "dt_max": 0.1, "dt_init": "random", "dt_scale": 1.0, "use_fast_path": True}
    return {
        "architectures": ["CaduceusForMaskedLM"],
        "auto_map": {"AutoConfig": "configuration_caduceus.CaduceusConfig"},
        "bidirectional": True,
        "bidirectional_strategy": "add",
        "bidirectional_weight_tie": True,
        "complement_map": {str(i): c for i, c in complement.items()},
        "d_model": 8,
        "fused_add_norm": True,
        "initializer_cfg": {"initializer_range": 0.02},
        "model_type": "caduceus",
        "n_layer": 2,
        "norm_epsilon": 1e-5,
        "pad_vocab_size_multiple": 8,
        "rcps": True,
        "residual_in_fp32": vocabulary == "plantcaduceus",
        "rms_norm": True,
        "ssm_cfg": ssm | changes.pop("ssm_cfg", {}),
        "torch_dtype": "float32",
        "transformers_version": "4.38.1",
        "vocab_size": rows,
    } | changes


@st.composite
def published_configs(draw: st.DrawFn) -> dict[str, Any]:
    """Every field that decides the function, usual or not."""
    ssm = {
        "d_state": draw(st.integers(1, 8)),
        "d_conv": draw(st.integers(1, 6)),
        "expand": draw(st.integers(1, 3)),
        "dt_rank": draw(st.one_of(st.just("auto"), st.integers(1, 5))),
        "conv_bias": draw(st.booleans()),
        "bias": draw(st.booleans()),
    }
    config = published_config(
        draw(st.sampled_from(["caduceus", "plantcaduceus"])),
        d_model=draw(st.integers(1, 24)),
        n_layer=draw(st.integers(1, 4)),
        rcps=draw(st.booleans()),
        fused_add_norm=draw(st.booleans()),
        rms_norm=draw(st.booleans()),
        residual_in_fp32=draw(st.booleans()),
        norm_epsilon=draw(st.sampled_from([1e-5, 1e-6, 1e-2])),
        bidirectional_strategy=draw(st.sampled_from(["add", "ew_multiply"])),
        bidirectional_weight_tie=draw(st.booleans()),
        ssm_cfg=ssm,
    )
    if draw(st.booleans()):
        config |= {"architectures": ["CaduceusForSequenceClassification"], "num_labels": draw(st.integers(1, 3))}
    return config


def random_tensors(config: dict[str, Any], seed: int) -> Tensors:
    """float32 tensors under every published name, tied copies too, of sizes at which every one of them matters."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int, scale: float = 1.0, mean: float = 0.0) -> Tensor:
        return torch.randn(shape, generator=generator) * scale + mean

    d_model, rcps = config["d_model"], config["rcps"]
    table = normal(config["vocab_size"], d_model)
    complement = torch.tensor([config["complement_map"][str(i)] for i in range(config["vocab_size"])])
    prefix = BACKBONE + "embeddings.word_embeddings."
    tensors = {prefix + "embedding.weight": table, prefix + "complement_map": complement} if rcps else {}
    tensors |= {} if rcps else {prefix + "weight": table}
    norms = [f"layers.{layer}.norm." for layer in range(config["n_layer"])] + ["norm_f."]
    for name in norms:
        place = BACKBONE + name + ("submodule." if rcps and not config["fused_add_norm"] else "")
        tensors[place + "weight"] = normal(d_model, mean=1, scale=0.3)
        if not config["rms_norm"]:
            tensors[place + "bias"] = normal(d_model, scale=0.3)
    for layer in range(config["n_layer"]):
        place = f"{BACKBONE}layers.{layer}.mixer." + ("submodule." if rcps else "")
        forward, backward = (_mamba(config, normal) for _ in range(2))
        if config["bidirectional_weight_tie"]:
            backward |= {name: forward[name] for name in forward if name.startswith(("in_proj", "out_proj"))}
        tensors |= {f"{place}mamba_fwd.{name}": x for name, x in forward.items()}
        tensors |= {f"{place}mamba_rev.{name}": x for name, x in backward.items()}
    if "num_labels" in config:
        return tensors | {"score.weight": normal(config["num_labels"], d_model)}
    return tensors | (
        {"lm_head.lm_head.weight": table, "lm_head.complement_map": complement} if rcps else {"lm_head.weight": table}
    )


def _mamba(config: dict[str, Any], normal: Any) -> Tensors:
    ssm, d_model = config["ssm_cfg"], config["d_model"]
    d_inner, d_state, rank = ssm["expand"] * d_model, ssm["d_state"], ssm["dt_rank"]
    rank = -(-d_model // 16) if rank == "auto" else rank
    found = {
        "in_proj.weight": normal(2 * d_inner, d_model, scale=d_model**-0.5),
        "conv1d.weight": normal(d_inner, 1, ssm["d_conv"], scale=0.5),
        "x_proj.weight": normal(rank + 2 * d_state, d_inner, scale=d_inner**-0.5),
        "dt_proj.weight": normal(d_inner, rank, scale=rank**-0.5),
        "dt_proj.bias": normal(d_inner, mean=-2),
        "A_log": normal(d_inner, d_state, scale=0.5),
        "D": normal(d_inner),
        "out_proj.weight": normal(d_model, d_inner, scale=d_inner**-0.5),
    }
    if ssm["conv_bias"]:
        found["conv1d.bias"] = normal(d_inner)
    if ssm["bias"]:
        found |= {"in_proj.bias": normal(2 * d_inner), "out_proj.bias": normal(d_model)}
    return found


def split_weights(directory: Path, count: int) -> list[Path]:
    """Spread the one weight file of a directory over several with an index, as Transformers does; the files."""
    (whole,) = [path for name in ("model.safetensors", "pytorch_model.bin") if (path := directory / name).exists()]
    tensors = load_file(whole) if whole.suffix == ".safetensors" else torch.load(whole, weights_only=True)
    whole.unlink()
    files: list[Path] = []
    weight_map: dict[str, str] = {}
    for number in range(count):
        file = directory / f"{whole.stem}-{number + 1:05d}-of-{count:05d}{whole.suffix}"
        here = dict(list(tensors.items())[number::count])
        (save_file if whole.suffix == ".safetensors" else torch.save)(here, file)
        weight_map |= dict.fromkeys(here, file.name)
        files.append(file)
    total = sum(x.numel() * x.element_size() for x in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (directory / f"{whole.name}.index.json").write_text(json.dumps(index, indent=2))
    return files


def without_tied_copies(tensors: Tensors, *, keep_last: bool = False) -> Tensors:
    """One name for each tensor, the first or the last one, as safetensors files have it; buffers stay."""
    named = list(tensors.items())
    kept: Tensors = {}
    for name, tensor in named[::-1] if keep_last else named:
        if not tensor.is_floating_point() or not any(tensor is other for other in kept.values()):
            kept[name] = tensor
    return kept


FORMS = ("safetensors", "safetensors, the other names", "safetensors with copies", "bin")


def write_published_directory(
    path: Path, config: dict[str, Any], tensors: Tensors, form: str = FORMS[0], *, without: Iterable[str] = ()
) -> Path:
    """A directory as one downloads it, in one of ``FORMS``; fields ``without`` are left to their defaults."""
    path.mkdir()
    stated = {key: value for key, value in config.items() if key not in without}
    (path / "config.json").write_text(json.dumps(stated, indent=2, sort_keys=True))
    if form == "bin":
        torch.save(tensors, path / "pytorch_model.bin")
    elif form == "safetensors with copies":
        save_file({name: x.clone() for name, x in tensors.items()}, path / "model.safetensors")
    else:
        kept = without_tied_copies(tensors, keep_last="other" in form)
        save_file({name: x.clone() for name, x in kept.items()}, path / "model.safetensors", metadata={"format": "pt"})
    return path
