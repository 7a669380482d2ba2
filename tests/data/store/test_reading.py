"""GenBank and 2bit give the letters that FASTA does."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.data.store import GenomeStore, find_sources, pack_genomes
from dna_mamba.data.store.reading import read_letters
from dna_mamba.errors import InputError


def blocks(letters: str, holds: "list[bool]") -> tuple[list[int], list[int]]:
    starts = [i for i in range(len(letters)) if holds[i] and (i == 0 or not holds[i - 1])]
    ends = [i + 1 for i in range(len(letters)) if holds[i] and (i + 1 == len(letters) or not holds[i + 1])]
    return starts, [end - start for start, end in zip(starts, ends, strict=True)]


def two_bit(contigs: dict[str, str], order: str, version: int) -> bytes:
    """A 2bit file after UCSC's description of it, base by base."""
    offset_kind = "Q" if version else "I"
    index_bytes = sum(1 + len(name) + struct.calcsize(offset_kind) for name in contigs)
    head = struct.pack(order + "4I", 0x1A412743, version, len(contigs), 0)
    index, records = b"", b""
    for name, letters in contigs.items():
        offset = struct.pack(order + offset_kind, len(head) + index_bytes + len(records))
        index += bytes([len(name)]) + name.encode() + offset
        records += struct.pack(order + "I", len(letters))
        for holds in ([c in "Nn" for c in letters], [c.islower() for c in letters]):
            starts, sizes = blocks(letters, holds)
            records += struct.pack(f"{order}{1 + 2 * len(starts)}I", len(starts), *starts, *sizes)
        records += bytes(4)
        values = ["TCAG".find(c) % 4 if c != "N" else 0 for c in letters.upper()]
        values += [0] * (-len(values) % 4)
        fours = zip(*(values[i::4] for i in range(4)), strict=True)
        records += bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in fours)
    return head + index + records


def contigs_of(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in read_letters(path):
        if isinstance(part, str):
            name = part
            found[name] = ""
        else:
            found[name] += part.decode()
    return found


@settings(max_examples=40)
@given(
    contigs=st.dictionaries(st.text("abc.1", min_size=1, max_size=5), st.text("ACGTNacgtn", max_size=50), min_size=1),
    order=st.sampled_from("<>"),
    version=st.integers(0, 1),
)
def test_two_bit(tmp_path_factory: pytest.TempPathFactory, contigs: dict[str, str], order: str, version: int) -> None:
    path = tmp_path_factory.mktemp("two_bit") / "g.2bit"
    path.write_bytes(two_bit(contigs, order, version))
    assert contigs_of(path) == contigs


def test_damaged_two_bit(tmp_path: Path) -> None:
    path = tmp_path / "g.2bit"
    whole = two_bit({"c": "ACGTNNNNacgt" * 9}, "<", 0)
    for n_bytes in (4, 20, 60, len(whole) - 1):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(InputError, match=r"g\.2bit: 2bit data end at offset"):
            contigs_of(path)
    path.write_bytes(whole[:4] + b"\7" + whole[5:])
    with pytest.raises(InputError, match="2bit of version 7"):
        contigs_of(path)
    one_block, past_the_end = struct.pack("<3I", 1, 0, 2), struct.pack("<3I", 1, 3, 9)
    path.write_bytes(two_bit({"c": "NNAC"}, "<", 0).replace(one_block, past_the_end))
    with pytest.raises(InputError, match="past its end"):
        contigs_of(path)


def test_genbank_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "g.gb"
    path.write_text(
        "LOCUS       AB0001                  12 bp    DNA     linear   BCT 01-JAN-2000\n"
        "ACCESSION   AB0001\nVERSION     AB0001.1\nORIGIN\n        1 acgtnacgtr ac\n//\n"
    )
    pack_genomes(find_sources([path]), tmp_path / "store")
    store = GenomeStore(tmp_path / "store")
    assert list(store) == ["g:AB0001.1"] and store["g:AB0001.1"].letters(0, 12) == b"ACGTNACGTRAC"
