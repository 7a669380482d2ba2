import time

import numpy as np
import pytest

from dna_mamba.tokenizers import NucleotideTokenizer


def test_ids_of_caduceus():
    tokenizer = NucleotideTokenizer.caduceus()
    assert tokenizer.vocab_size == 16
    assert (tokenizer.mask_id, tokenizer.pad_id, tokenizer.unk_id) == (3, 4, 11)
    assert tokenizer.base_ids.tolist() == tokenizer.maskable_ids.tolist() == [7, 8, 9, 10]
    assert tokenizer.encode("ACGTNacgtnRYU").tolist() == [7, 8, 9, 10, 11, 7, 8, 9, 10, 11, 11, 11, 10]
    assert tokenizer.complement.tolist() == [0, 1, 2, 3, 4, 5, 6, 10, 9, 8, 7, 11, 12, 13, 14, 15]
    assert tokenizer.decode(np.arange(13)) == "<cls><sep><bos><mask><pad><reserved><unk>ACGTN<unused12>"


def test_ids_of_plantcaduceus():
    tokenizer = NucleotideTokenizer.plantcaduceus()
    assert tokenizer.vocab_size == 8
    assert (tokenizer.mask_id, tokenizer.pad_id, tokenizer.unk_id) == (1, 0, 2)
    assert tokenizer.base_ids.tolist() == tokenizer.maskable_ids.tolist() == [3, 4, 5, 6]
    assert tokenizer.encode("ACGTNacgtnRYU").tolist() == [3, 4, 5, 6, 2, 3, 4, 5, 6, 2, 2, 2, 6]
    assert tokenizer.complement.tolist() == [0, 1, 2, 6, 5, 4, 3, 7]
    assert tokenizer.decode(np.arange(8)) == "<pad><mask>NACGT<unused7>"


@pytest.mark.parametrize("attribute", ["base_ids", "complement", "maskable_ids"])
def test_nobody_can_change_the_tables_from_outside(attribute):
    tokenizer = NucleotideTokenizer.caduceus()
    getattr(tokenizer, attribute)[:] = 0
    assert tokenizer.encode("ACGT").tolist() == [7, 8, 9, 10]
    assert getattr(tokenizer, attribute).max() > 0


def test_a_million_bases_take_well_under_20_ms(rng):
    sequence = rng.choice(np.frombuffer(b"ACGTNacgt", dtype=np.uint8), 1_000_000).tobytes()
    tokenizer = NucleotideTokenizer.caduceus()
    best = min(_seconds(tokenizer.encode, sequence) for _ in range(20))
    assert best < 0.02


def _seconds(encode, sequence) -> float:
    start = time.perf_counter()
    encode(sequence)
    return time.perf_counter() - start
