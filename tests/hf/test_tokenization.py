"""The tokenizer for Transformers: the same ids as ours, and what pipelines and collators need of it."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, DataCollatorForLanguageModeling, pipeline

from dna_mamba.errors import InputError
from dna_mamba.hf import DnaMambaTokenizer
from dna_mamba.tokenizers import NucleotideTokenizer
from dna_mamba.tokenizers.nucleotide import VOCABULARIES

TOKENIZERS = {name: DnaMambaTokenizer(name) for name in VOCABULARIES}


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@given(st.text("ACGTUNRYacgtn", min_size=1))
def test_same_ids_as_ours(vocabulary: str, sequence: str) -> None:
    tokenizer, ours = TOKENIZERS[vocabulary], NucleotideTokenizer(vocabulary)
    ids = tokenizer(sequence)["input_ids"]
    assert ids == ours.encode(sequence).tolist()
    assert tokenizer.decode(ids) == tokenizer.decode(ids, skip_special_tokens=True) == ours.decode(ids)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("rows", [None, 24])
def test_saved_and_loaded(vocabulary: str, rows: int | None, tmp_path: Path) -> None:
    tokenizer = DnaMambaTokenizer(vocabulary, rows)
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert isinstance(loaded, DnaMambaTokenizer) and loaded.nucleotides == tokenizer.nucleotides
    assert loaded.get_vocab() == tokenizer.get_vocab() and len(loaded) == loaded.vocab_size == (rows or len(tokenizer))
    assert loaded("AC<mask>g[MASK]") == tokenizer("ac[MASK]G<mask>")


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_special_tokens(vocabulary: str) -> None:
    tokenizer, ours = TOKENIZERS[vocabulary], NucleotideTokenizer(vocabulary)
    assert (tokenizer.mask_token_id, tokenizer.pad_token_id) == (ours.mask_id, ours.pad_id)
    assert tokenizer.decode([ours.mask_id, ours.base_ids[0]]) == "[MASK]A"
    ids = tokenizer("ACN[MASK]T")["input_ids"]
    assert len(ids) == 5  # nothing added
    assert tokenizer.get_special_tokens_mask(ids, already_has_special_tokens=True) == [0, 0, 1, 1, 0]


def test_padding_goes_to_the_right() -> None:
    batch = TOKENIZERS["caduceus"](["ACG", "T"], padding=True, return_tensors="pt")
    assert batch["input_ids"].tolist() == [[7, 8, 9], [10, 4, 4]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_protein_is_refused() -> None:
    with pytest.raises(InputError):
        TOKENIZERS["caduceus"]("MEEPQSDPSV")


def test_collator_masks_bases_alone() -> None:
    tokenizer = TOKENIZERS["caduceus"]
    torch.manual_seed(0)
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.5)
    batch = collate([tokenizer("ACGTN" * 40), tokenizer("NNNN")])
    masked = batch["labels"] != -100
    assert set(batch["labels"][masked].tolist()) == {7, 8, 9, 10} and not masked[1].any()


def test_fill_mask(saved: Path, native) -> None:
    fill = pipeline("fill-mask", model=str(saved), tokenizer=str(saved))
    (best, _) = fill("ACGTTA[MASK]CCGATA", top_k=2)
    ids = torch.from_numpy(native.tokenizer.encode("ACGTTAACCGATA"))
    ids[6] = native.tokenizer.mask_id
    scores = native(ids[None]).logits[0, 6].softmax(0).detach()
    assert best["token"] == int(scores.argmax()) and best["score"] == pytest.approx(float(scores.max()))
