"""Trainer and PEFT: a step changes what it should, and adapters reach every path of inference."""

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import DataCollatorForLanguageModeling, Trainer, TrainingArguments

from dna_mamba.errors import InputError
from dna_mamba.hf import DnaMambaForSequenceClassification, from_native, to_native
from dna_mamba.models.streaming import Budget
from tests.hf.conftest import native_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from peft import LoraConfig, PeftModel, TaskType, get_peft_model

pytestmark = pytest.mark.filterwarnings("ignore")  # what libraries say about one another
IDS = torch.randint(7, 12, (2, 30), generator=torch.Generator().manual_seed(0))
TARGETS = ["in_proj", "x_proj", "out_proj"]


def lora(model: Any, **options: Any) -> PeftModel:
    """Adapters that do something from the start."""
    torch.manual_seed(2)
    return get_peft_model(model, LoraConfig(r=4, target_modules=TARGETS, init_lora_weights=False, **options))


def snapshot(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: x.clone() for name, x in model.state_dict().items()}


def changed(model: torch.nn.Module, before: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, x in model.state_dict().items() if not torch.equal(x, before[name])}


@pytest.mark.parametrize("gradient_checkpointing", [False, True])
def test_trainer_takes_a_step(model, tokenizer, tmp_path: Path, gradient_checkpointing: bool) -> None:
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "run"),
        max_steps=1,
        per_device_train_batch_size=2,
        gradient_checkpointing=gradient_checkpointing,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    examples = [dict(tokenizer(sequence)) for sequence in ("ACGTACGTAC" * 4, "GGATTACA" * 3)]
    before = snapshot(model)
    trainer = Trainer(model, arguments, DataCollatorForLanguageModeling(tokenizer), examples)
    result = trainer.train()
    assert result.global_step == 1 and math.isfinite(result.training_loss)
    assert changed(model, before) == before.keys()
    assert model.network.encoder.recompute is gradient_checkpointing


def test_a_step_changes_adapters_alone(model) -> None:
    adapted = lora(model).train()
    before = snapshot(adapted)
    optimiser = torch.optim.SGD((p for p in adapted.parameters() if p.requires_grad), lr=0.1)
    adapted(input_ids=IDS, labels=IDS.flip(1)).loss.backward()
    optimiser.step()
    touched = changed(adapted, before)
    assert touched == {name for name in before if "lora_" in name}
    assert {name.split(".lora_")[0].rsplit(".", 1)[1] for name in touched} == set(TARGETS)


def test_adapters_merge(model, native) -> None:
    plain, adapted = native(IDS).logits.detach(), lora(model).eval()
    with pytest.raises(InputError, match="merge_and_unload"):
        to_native(adapted)
    with pytest.raises(InputError, match="carries adapters"):
        to_native(model)
    expected = adapted(input_ids=IDS).logits
    assert (expected - plain).abs().max() > 0.1
    merged = to_native(adapted.merge_and_unload())
    torch.testing.assert_close(merged(IDS).logits, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("fields", [{}, {"tied": False}, {"proj_bias": True}, {"combine": "multiply"}])
@pytest.mark.parametrize("kept_bytes", [0, 2**30])
def test_adapters_reach_streaming(fields: dict[str, object], kept_bytes: int) -> None:
    """Parts are computed from their edges or kept; either way through the adapters."""
    native = native_model(**fields)
    adapted = lora(from_native(native)).eval()
    expected = adapted(input_ids=IDS).logits
    assert expected.requires_grad
    parts = [output.logits for _, output in native.stream(IDS, budget=Budget(28, kept_bytes))]
    assert len(parts) > 1
    torch.testing.assert_close(torch.cat(parts, dim=1), expected, rtol=1e-4, atol=1e-4)


def test_adapters_are_saved_and_loaded(saved: Path, tmp_path: Path) -> None:
    adapted = lora(DnaMambaForSequenceClassification.from_pretrained(saved, num_labels=3), task_type=TaskType.SEQ_CLS)
    adapted.save_pretrained(tmp_path / "adapter")
    base = DnaMambaForSequenceClassification.from_pretrained(saved, num_labels=3)
    again = PeftModel.from_pretrained(base, str(tmp_path / "adapter"))
    torch.testing.assert_close(again.eval()(IDS).logits, adapted.eval()(IDS).logits)
