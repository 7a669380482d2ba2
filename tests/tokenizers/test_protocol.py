"""What every tokenizer promises, over all of them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.tokenizers import BPETokenizer, KmerTokenizer, NucleotideTokenizer, Tokenizer, from_config

_BASES = np.frombuffer(b"ACGT", dtype=np.uint8)
_TEXT = np.random.default_rng(0).choice(_BASES, 4000, p=[0.4, 0.1, 0.2, 0.3]).tobytes()
TOKENIZERS = [
    NucleotideTokenizer.caduceus(),
    NucleotideTokenizer.plantcaduceus(),
    NucleotideTokenizer("caduceus", vocab_size=12),
    KmerTokenizer(1),
    KmerTokenizer(3),
    KmerTokenizer(6, 6),
    KmerTokenizer(5, 2),
    BPETokenizer.train([_TEXT], 60),
]
every_tokenizer = pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=repr)
BPE_START = ["<pad>", "<mask>", "<unk>", "A", "C", "G", "T"]
sequences = st.text("ACGTNacgtnRYU", max_size=70)


@every_tokenizer
def test_is_a_tokenizer(tokenizer):
    assert isinstance(tokenizer, Tokenizer)
    specials = {tokenizer.mask_id, tokenizer.pad_id, tokenizer.unk_id}
    assert len(specials) == 3
    assert all(0 <= i < tokenizer.vocab_size for i in specials)
    assert not specials & set(tokenizer.maskable_ids.tolist())
    assert 0 <= tokenizer.maskable_ids.min() <= tokenizer.maskable_ids.max() < tokenizer.vocab_size


@every_tokenizer
def test_comes_back_from_its_config(tokenizer):
    copy = from_config(json.loads(json.dumps(tokenizer.to_config())))
    assert type(copy) is type(tokenizer)
    assert copy == tokenizer and hash(copy) == hash(tokenizer)
    assert [copy != other for other in TOKENIZERS].count(False) == 1


@every_tokenizer
@given(sequence=sequences)
def test_letters_bytes_and_codes_give_the_same_ids(tokenizer, sequence):
    ids = tokenizer.encode(sequence)
    assert ids.dtype == np.int64 and ids.ndim == 1
    np.testing.assert_array_equal(tokenizer.encode(sequence.encode()), ids)
    np.testing.assert_array_equal(tokenizer.encode(sequence.lower()), ids)
    np.testing.assert_array_equal(tokenizer.encode_codes(encode_bases(sequence)), ids)
    allowed = {*tokenizer.maskable_ids.tolist(), tokenizer.unk_id}
    assert set(ids.tolist()) <= allowed
    assert bool(ids.size) == bool(sequence)


@every_tokenizer
@given(sequence=st.text("ACGTacgtU", min_size=10, max_size=70))
def test_bases_come_back(tokenizer, sequence):
    expected = sequence.upper().replace("U", "T")
    if isinstance(tokenizer, KmerTokenizer):
        expected = expected[: len(expected) - tokenizer.tail_length(len(expected))]
        assert tokenizer.decode(tokenizer.encode(expected)) == expected
    else:
        assert tokenizer.decode(tokenizer.encode(sequence)) == expected


@every_tokenizer
def test_special_tokens_by_name(tokenizer):
    [base] = tokenizer.maskable_ids[:1]
    decoded = tokenizer.decode(np.array([tokenizer.mask_id, base, tokenizer.pad_id, tokenizer.pad_id]))
    assert decoded == f"<mask>{tokenizer.decode(np.array([base]))}<pad><pad>"


@every_tokenizer
@pytest.mark.parametrize("outside", [-1, 10**9])
def test_ids_outside_the_vocabulary_are_refused(tokenizer, outside):
    with pytest.raises(InputError, match=f"token id {outside} at position 1"):
        tokenizer.decode(np.array([tokenizer.unk_id, outside]))


@every_tokenizer
@pytest.mark.parametrize("sequence", ["ACGE", b"AC-T", "AC GT"])
def test_what_is_no_nucleotide_is_refused(tokenizer, sequence):
    with pytest.raises(InputError, match="not an IUPAC nucleotide code"):
        tokenizer.encode(sequence)


@every_tokenizer
@given(sequence=sequences)
def test_other_strand_is_the_complement_in_reverse(tokenizer, sequence):
    if tokenizer.complement is None:
        return
    if isinstance(tokenizer, KmerTokenizer) and tokenizer.tail_length(len(sequence)):
        sequence = sequence[: len(sequence) - tokenizer.tail_length(len(sequence))]
    mirrored = tokenizer.complement[tokenizer.encode(sequence)][::-1]
    np.testing.assert_array_equal(tokenizer.encode(reverse_complement(sequence)), mirrored)


@every_tokenizer
def test_complement_is_its_own_inverse(tokenizer):
    if tokenizer.complement is not None:
        everything = np.arange(tokenizer.vocab_size)
        np.testing.assert_array_equal(tokenizer.complement[tokenizer.complement], everything)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "unknown tokenizer kind None"),
        ({"kind": "wordpiece"}, "unknown tokenizer kind 'wordpiece'; choose nucleotide, kmer or bpe"),
        ({"kind": "nucleotide", "vocabulary": "evo"}, "unknown nucleotide vocabulary 'evo'"),
        ({"kind": "nucleotide", "alphabet": "DNA"}, "unexpected keyword argument 'alphabet'"),
        ({"kind": "nucleotide", "vocab_size": 5}, "vocab_size 5 is below the 12 tokens"),
        ({"kind": "kmer"}, "missing 1 required positional argument: 'k'"),
        ({"kind": "kmer", "k": "six"}, "tokenizer 'kmer'"),
        ({"kind": "kmer", "k": 3.0}, "tokenizer 'kmer'"),
        ({"kind": "kmer", "k": 0}, "k=0"),
        ({"kind": "kmer", "k": 11}, "k=11"),
        ({"kind": "kmer", "k": 3, "stride": 4}, "stride=4"),
        ({"kind": "bpe", "vocab": ["A"], "merges": []}, "does not start with"),
        (
            {"kind": "bpe", "vocab": [*["<pad>", "<mask>", "<unk>", "A", "C", "G", "T"]], "merges": [["A", "Q"]]},
            "do not fit",
        ),
        ({"kind": "bpe", "vocab": 5, "merges": 7}, "tokenizer 'bpe'"),
    ],
)
def test_unusable_configs_are_named(config, message):
    with pytest.raises(InputError) as caught:
        from_config(config)
    assert message in str(caught.value)
