import json
import subprocess
import sys

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.tokenizers import BPETokenizer


@pytest.fixture(scope="module")
def text() -> bytes:
    return np.random.default_rng(1).choice([b"ACG", b"TTAGGG", b"C"], 3000).tobytes().replace(b"\0", b"")


def test_learns_the_commonest_pairs_first():
    tokenizer = BPETokenizer.train(["TATATATATATANNCG" * 5], 9)
    config = tokenizer.to_config()
    assert config["vocab"][:7] == ["<pad>", "<mask>", "<unk>", "A", "C", "G", "T"]
    assert config["merges"][0] == ["T", "A"]
    assert [tokenizer.decode(np.array([i])) for i in tokenizer.encode("TATATA")] in (["TATA", "TA"], ["TA", "TATA"])


def test_training_is_deterministic_and_ignores_case(text):
    assert (
        BPETokenizer.train([text], 80) == BPETokenizer.train([text.lower()], 80) == BPETokenizer.train(iter([text]), 80)
    )


def test_n_is_unknown_one_by_one_and_parts_words(text):
    tokenizer = BPETokenizer.train([text], 80)
    ids = tokenizer.encode("TTAGGGNNTTAGGGRTT")
    assert (ids == tokenizer.unk_id).sum() == 3
    assert tokenizer.decode(ids) == "TTAGGGNNTTAGGGNTT"
    assert all("N" not in word for word in tokenizer.to_config()["vocab"])


def test_longest_word(text):
    words = BPETokenizer.train([b"TTAGGG" * 400], 40, max_word_bp=6).to_config()["vocab"][7:]
    assert words and max(map(len, words)) <= 6


def test_saved_file_comes_back_and_the_library_reads_it(tmp_path, text):
    import tokenizers

    tokenizer = BPETokenizer.train([text], 80)
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    assert BPETokenizer.from_file(path) == tokenizer
    library = tokenizers.Tokenizer.from_file(str(path))
    assert library.encode("ACGTTAGGGN").ids == tokenizer.encode("ACGTTAGGGN").tolist()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"model": {"vocab": {}, "merges": []}}', '{"model": 5}'])
def test_files_of_others_are_refused(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(InputError):
        BPETokenizer.from_file(path)
    with pytest.raises(InputError):
        BPETokenizer.from_file(tmp_path / "absent.json")


def test_untrainable():
    with pytest.raises(InputError, match="choose at least 7"):
        BPETokenizer.train(["ACGT"], 6)
    with pytest.raises(InputError, match="no sequence"):
        BPETokenizer.train(["NNN", b""], 20)
    with pytest.raises(InputError, match="not an IUPAC"):
        BPETokenizer.train(["MKLV"], 20)


def test_config_is_plain_json(text):
    config = BPETokenizer.train([text], 30).to_config()
    assert json.loads(json.dumps(config)) == config


def test_the_library_is_imported_only_for_bpe():
    program = "import sys, dna_mamba.tokenizers as t; t.KmerTokenizer(3); assert 'tokenizers' not in sys.modules"
    subprocess.run([sys.executable, "-c", program + "; t.BPETokenizer; assert 'tokenizers' in sys.modules"], check=True)
