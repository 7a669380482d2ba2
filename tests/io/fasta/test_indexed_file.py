import gzip

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.fasta.byte_sources import BgzfSource, MemorySource, PlainSource
from dna_mamba.io.fasta.indexed_file import open_indexed, reopen_indexed
from tests.io.packing import bgzf

TEXT = b">a\nACGT\nAC\n>b\nGG\n"
GENBANK = b"LOCUS       a  4 bp    DNA\nORIGIN\n        1 acgt\n//\n"
KINDS = {
    "plain": (TEXT, PlainSource, True),
    "bgzf": (bgzf(TEXT, 5), BgzfSource, True),
    "gzip": (gzip.compress(TEXT), MemorySource, True),
    "gzip after bgzf": (bgzf(TEXT[:11], 5) + gzip.compress(TEXT[11:]), MemorySource, True),
    "genbank": (GENBANK, MemorySource, False),
    "packed genbank": (bgzf(GENBANK), MemorySource, False),
}


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_has_no_random_access_is_held_in_memory(tmp_path, kind):
    data, source, has_identity = KINDS[kind]
    path = tmp_path / "x"
    path.write_bytes(data)
    file = open_indexed(str(path))
    assert isinstance(file.source, source)
    assert (file.identity is not None) == has_identity
    expected = TEXT if has_identity else b">a\nACGT\n"
    assert file.source.read(0, file.index.n_bytes) == expected
    file.source.close()
    if file.identity is not None:
        again = reopen_indexed(str(path), file.index, file.identity)
        assert isinstance(again.source, source) and again.source.read(3, 9) == TEXT[3:9]
        again.source.close()


def test_another_file_is_not_taken_for_the_indexed_one(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    file = open_indexed(str(path))
    file.source.close()
    assert file.identity is not None
    path.write_bytes(TEXT + b">c\nA\n")
    with pytest.raises(InputError, match="changed"):
        reopen_indexed(str(path), file.index, file.identity)


def test_standard_input(give_stdin):
    give_stdin(gzip.compress(GENBANK))
    file = open_indexed("-")
    assert [entry.chrom for entry in file.index.entries] == ["a"] and file.identity is None
