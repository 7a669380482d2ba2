import gzip
import hashlib
import os
import pickle
import tempfile
import threading
from pathlib import Path
from unittest import mock

import numpy as np
import pysam
import pytest
from Bio import SeqIO
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.alphabet import N_CODE, SOFT_MASK, decode_bases, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader, read_fasta, read_sequences
from tests.io.fasta_files import fasta_files, naive_records
from tests.io.packing import BGZF_END, PACKINGS, bgzf

PLAIN = b">chr1 first\nACGTacgtNN\nRYKM\n>chr2\nTTTT\n"


def write(directory: Path, data: bytes, name: str = "genome.fa") -> Path:
    path = directory / name
    path.write_bytes(data)
    return path


# --- against what was written, over layouts, packings, block sizes and chunk edges


def small_pieces(chunk_bytes: int, mark_bytes: int):
    """Chunks and marks so small that every edge falls inside a few lines."""
    return (
        mock.patch("dna_mamba.io.compression.CHUNK_BYTES", chunk_bytes),
        mock.patch("dna_mamba.io.fasta.index.MARK_BYTES", mark_bytes),
        mock.patch("dna_mamba.io.fasta.index._BLOCKS_A_CHUNK", 2),
    )


@settings(max_examples=300)
@given(fasta_files(), st.sampled_from(["plain", "gzip", "bgzf"]), st.integers(19, 200), st.data())
def test_any_layout_reads_as_written(file, packing, piece_bytes, data):
    pack = PACKINGS[packing]
    packed = bgzf(file.text, piece_bytes) if packing == "bgzf" else pack(file.text)
    chunks, marks, blocks = small_pieces(piece_bytes, data.draw(st.integers(1, 40)))
    with tempfile.TemporaryDirectory() as directory, chunks, marks, blocks:
        path = write(Path(directory), packed)
        assert naive_records(file.text) == [(name, sequence) for name, _, sequence in file.records]
        assert [tuple(record) for record in read_fasta(path)] == file.records
        with FastaReader(path) as genome:
            assert [contig.chrom for contig in genome.contigs] == [name for name, _, _ in file.records]
            for name, _, sequence in file.records:
                assert genome.fetch(name) == sequence
                start = data.draw(st.integers(0, len(sequence)))
                end = data.draw(st.integers(start, len(sequence)))
                assert genome.fetch(name, start, end) == sequence[start:end]


@settings(max_examples=100)
@given(fasta_files())
def test_counts_and_checksums_against_brute_force(file):
    with tempfile.TemporaryDirectory() as directory, FastaReader(write(Path(directory), file.text)) as genome:
        for name, _, sequence in file.records:
            letters = sequence.decode()
            counts = genome.counts[name]
            assert counts.length == genome.length(name) == len(letters)
            assert counts.n_unknown == sum(letter in "Nn" for letter in letters)
            assert counts.n_ambiguous == sum(letter.upper() in "RYSWKMBDHV" for letter in letters)
            assert counts.n_soft_masked == sum(letter.islower() for letter in letters)
            assert counts.n_uracil == sum(letter in "Uu" for letter in letters)
            assert genome.checksums[name] == hashlib.md5(sequence.upper()).hexdigest()


@given(st.integers(-30, 60), st.integers(0, 60))
def test_windows_past_the_ends_against_brute_force(start, size):
    sequence = "ACGTacgtNNRYKMGATTACA"
    with (
        tempfile.TemporaryDirectory() as directory,
        FastaReader(write(Path(directory), f">c\n{sequence}\n".encode())) as genome,
    ):
        codes, n_left, n_right = genome.window("c", start, start + size)
    expected = range(start, start + size)
    letters = "".join(sequence[i] if 0 <= i < len(sequence) else "N" for i in expected)
    assert codes.dtype == np.uint8
    np.testing.assert_array_equal(codes, encode_bases(letters))
    assert n_left == sum(i < 0 for i in expected)
    assert n_right == sum(i >= len(sequence) for i in expected)


# --- what a reader offers


def test_reader(tmp_path):
    with FastaReader(write(tmp_path, PLAIN)) as genome:
        assert genome.contigs == (("chr1", 14), ("chr2", 4))
        assert "chr1" in genome and "chrX" not in genome
        assert genome.fetch("chr1", 2, 6) == b"GTac"
        assert genome.fetch("chr1", 14, 14) == b""
        codes = genome.codes("chr1", 3, 9)
        assert codes.tolist() == [3, 0 | SOFT_MASK, 1 | SOFT_MASK, 2 | SOFT_MASK, 3 | SOFT_MASK, N_CODE]
        assert decode_bases(codes) == "TacgtN"


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (0, 15), (5, 4), (15, 15), (14, 15)])
def test_fetch_is_strict(tmp_path, start, end):
    with FastaReader(write(tmp_path, PLAIN)) as genome, pytest.raises(InputError, match="outside the contig of 14 bp"):
        genome.fetch("chr1", start, end)


def test_unknown_contig_names_those_there_are(tmp_path):
    with FastaReader(write(tmp_path, PLAIN)) as genome:
        for ask in (genome.fetch, genome.length, genome.codes, lambda chrom: genome.window(chrom, 0, 5)):
            with pytest.raises(InputError, match="no contig '1'; it has chr1, chr2"):
                ask("1")


def test_fingerprint_is_of_the_genome_not_of_the_file(tmp_path):
    layouts = [PLAIN, PLAIN.replace(b"\n", b"\r\n"), PLAIN.replace(b"\nRYKM", b"RYKM"), PLAIN.replace(b" first", b"")]
    packed = [pack(layout) for layout in layouts for pack in PACKINGS.values()]
    soft = [PLAIN.lower().replace(b">chr", b">chr")]
    prints = {FastaReader(write(tmp_path, data, f"{i}.fa")).fingerprint for i, data in enumerate(packed + soft)}
    assert len(prints) == 1
    for changed in (PLAIN.replace(b"TTTT", b"TTTA"), PLAIN.replace(b"chr2", b"chr3"), PLAIN[:-2] + b"\n"):
        assert FastaReader(write(tmp_path, changed, "changed.fa")).fingerprint not in prints


def test_standard_input_and_pipes(tmp_path, give_stdin):
    give_stdin(PLAIN)
    assert [record.name for record in read_fasta("-")] == ["chr1", "chr2"]
    give_stdin(bgzf(PLAIN))
    with FastaReader("-") as genome:
        assert genome.fetch("chr1", 8, 12) == b"NNRY"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PLAIN,))
    writer.start()
    with FastaReader(pipe) as genome:
        assert genome.fetch("chr2") == b"TTTT"
    writer.join()


# --- processes


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_pickled_readers_open_the_file_again(tmp_path, pack):
    path = write(tmp_path, pack(PLAIN))
    with FastaReader(path) as genome:
        pickled = pickle.dumps(genome)
    with mock.patch("dna_mamba.io.fasta.index.split_records", side_effect=AssertionError("scanned again")):
        copy = pickle.loads(pickled)
    assert copy.fetch("chr1", 2, 6) == b"GTac"
    assert copy.fingerprint == genome.fingerprint
    path.write_bytes(pack(PLAIN.replace(b"ACGT", b"TTTT")))
    with pytest.raises(InputError, match="changed"):
        pickle.loads(pickled)


def test_pickled_standard_input_carries_its_bytes(give_stdin):
    give_stdin(PLAIN)
    assert pickle.loads(pickle.dumps(FastaReader("-"))).fetch("chr2") == b"TTTT"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_readers_do_not_disturb_each_other(tmp_path):
    """Reads carry their offset, so that processes that share a descriptor get their own bytes."""
    sequence = bytes(b"ACGT"[i % 4] for i in range(5000))
    with FastaReader(write(tmp_path, b">c\n" + sequence + b"\n")) as genome:
        child = os.fork()
        if child == 0:
            same = all(genome.fetch("c", i, i + 7) == sequence[i : i + 7] for i in range(2000))
            os._exit(0 if same else 1)
        assert all(genome.fetch("c", i, i + 9) == sequence[i : i + 9] for i in range(2000, 4000))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# --- what other programs read too


def biopython_reads(path: Path) -> list[tuple[str, str]]:
    with open(path) as file:
        return [(record.id, str(record.seq)) for record in SeqIO.parse(file, "fasta")]


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_blanks_are_read_as_samtools_and_biopython_read_them(tmp_path, pack):
    """A name after blanks, and blanks at the ends of lines: pysam and Biopython agree on these."""
    text = b"> chr1 first\nACGT \nACGT \nAC \n>\tchr2\nGG\n"
    expected = [("chr1", "ACGTACGTAC"), ("chr2", "GG")]
    plain = write(tmp_path, text)
    with pysam.FastaFile(str(plain)) as file:
        assert [(name, file.fetch(name)) for name in file.references] == expected
    assert biopython_reads(plain) == expected
    path = write(tmp_path, pack(text), "packed.fa")
    assert [(name, sequence.decode()) for name, _, sequence in read_fasta(path)] == expected
    with FastaReader(path) as genome:
        assert [(name, genome.fetch(name).decode()) for name, _ in genome.contigs] == expected


def test_blanks_within_lines_are_read_as_biopython_reads_them(tmp_path):
    path = write(tmp_path, b">a\nAC GT\n AC\tGT\n  \nA\n")
    assert biopython_reads(path) == [("a", "ACGTACGTA")]
    with FastaReader(path) as genome:
        assert genome.fetch("a") == b"ACGTACGTA" and genome.fetch("a", 3, 6) == b"TAC"


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_a_byte_order_mark_is_skipped(tmp_path, pack):
    path = write(tmp_path, pack(b"\xef\xbb\xbf" + PLAIN))
    assert [record.name for record in read_fasta(path)] == ["chr1", "chr2"]
    with FastaReader(path) as genome:
        assert genome.fetch("chr1", 2, 6) == b"GTac" and genome.fetch("chr2") == b"TTTT"


def test_names_keep_their_bytes(tmp_path):
    """Only ASCII blanks end a name, as in samtools; what is not UTF-8 comes as surrogates."""
    names = [b"caf\xe9", "café".encode(), b"a\xc2\xa0b", b"a\x85b", b"a\x1cb"]
    path = write(tmp_path, b"".join(b">%b de la cr\xe8me\nAC\n" % name for name in names))
    with FastaReader(path) as genome:
        assert [name.encode("utf-8", "surrogateescape") for name, _ in genome.contigs] == names
        assert genome.fetch("caf\udce9") == b"AC"
        assert len(genome.fingerprint) == 64
    first = next(read_fasta(path))
    assert first.description.encode("utf-8", "surrogateescape") == b"de la cr\xe8me"


def test_plain_gzip_after_bgzf_is_read_whole(tmp_path):
    """As ``cat a.fa.bgz b.fa.gz`` makes it; and the other way round, and one more after that."""
    a, b = b">a\nACGT\n", b">b\nGG\n"
    mixed = bgzf(a[:5]) + gzip.compress(a[5:]) + bgzf(b)
    for packed in (bgzf(a) + gzip.compress(b), gzip.compress(a) + bgzf(b), mixed):
        path = write(tmp_path, packed)
        assert [(name, sequence) for name, _, sequence in read_fasta(path)] == [("a", b"ACGT"), ("b", b"GG")]
        with FastaReader(path) as genome:
            assert genome.fetch("a", 1, 3) == b"CG" and genome.fetch("b") == b"GG"
            assert pickle.loads(pickle.dumps(genome)).fetch("b") == b"GG"


# --- GenBank and EMBL in place of FASTA

FLAT_FILE = b"""LOCUS       chrA                      12 bp    DNA     linear   BCT 01-JAN-2020
DEFINITION  x.
ACCESSION   X1
VERSION     X1.2
FEATURES             Location/Qualifiers
ORIGIN
        1 acgtnnacgt gg
//
LOCUS       chrB                       4 bp    DNA     linear   BCT 01-JAN-2020
ACCESSION   .
FEATURES             Location/Qualifiers
ORIGIN
        1 ttga
//
"""


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_genbank_is_a_genome_too(tmp_path, pack):
    path = write(tmp_path, pack(FLAT_FILE), "genome.fa")
    as_fasta = FastaReader(write(tmp_path, b">X1.2\nACGTNNACGTGG\n>chrB\nTTGA\n", "same.fa"))
    with FastaReader(path) as genome:
        assert genome.contigs == (("X1.2", 12), ("chrB", 4))
        assert genome.fetch("X1.2", 3, 9) == b"TNNACG"
        assert genome.fingerprint == as_fasta.fingerprint
        assert pickle.loads(pickle.dumps(genome)).fetch("chrB") == b"TTGA"
    assert [record.name for record in read_sequences(path)] == ["X1.2", "chrB"]


def test_genbank_from_standard_input(give_stdin):
    give_stdin(FLAT_FILE)
    with FastaReader("-") as genome:
        assert genome.fetch("chrB") == b"TTGA"


def test_genbank_with_a_name_twice(tmp_path):
    path = write(tmp_path, FLAT_FILE.replace(b"chrB", b"X1.2"))
    with pytest.raises(InputError, match=r"two records are named 'X1\.2' \(the second is record 2\); rename"):
        FastaReader(path)


# --- files that are not FASTA, or not whole


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\r\n  \n", "is empty"),
        (b"ACGT\nACGT\n", "no '>' header at the start"),
        (b"@r1\nACGT\n+\nIIII\n", "FASTQ"),
        (">a\nACGT\n".encode("utf-16"), "UTF-16"),
        (">a\nACGT\n".encode("utf-16-le"), "UTF-16"),
        (">a\nACGT\n".encode("utf-16-be"), "UTF-16"),
        (b"BAM\1\0\0\0\0", "BAM"),
        (b"LOCUS       X 10 bp\n", "GenBank ends within the record of line 1"),
        (b">\nACGT\n", "header without a name at offset 0"),
        (b">a\nAC\n> \t\nACGT\n", "header without a name at offset 6"),
        (b">a\nACGT\n>a x\nGGGG\n", "two records are named 'a' \\(the second at offset 8\\)"),
        (b">p\nMKLVEF\n", "record 'p': 'L' at offset 2 .* IUPAC"),
        (b">a\nACGT\n>b\nAC\nGT-A\n", "record 'b': '-' at offset 4"),
        (b">a\nACGT\nAC\x00T\n", "record 'a': '\\\\x00' at offset 6"),
        (b">a\nACG\x0bT\n", "record 'a': '\\\\x0b' at offset 3"),
        (b">a\nACGT\n >b\nAC\n", "'>' inside a sequence line at offset 9"),
        (b">a\nACGT>b\nAC\n", "'>' inside a sequence line at offset 7"),
        (b">a one\rACGT\r>b\rACGT\r", "bare carriage return"),
        (b">a one\r" + b"ACGT\r" * 300_000, "bare carriage return"),
        (b">a one\nACGT\r>b\rACGT\r", "offset 11: bare carriage return"),
    ],
)
def test_what_is_not_fasta(tmp_path, data, message):
    path = write(tmp_path, data)
    with pytest.raises(InputError, match=message) as caught:
        FastaReader(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    if data.startswith(b"LOCUS"):  # read_fasta is for FASTA alone
        message = "looks like GenBank"
    if b">a x" not in data:  # streaming passes records of one name
        with pytest.raises(InputError, match=message):
            list(read_fasta(path))


def test_an_empty_record_is_kept(tmp_path):
    path = write(tmp_path, b">a\n>b\nAC\n>c")
    assert [(r.name, r.sequence) for r in read_fasta(path)] == [("a", b""), ("b", b"AC"), ("c", b"")]
    with FastaReader(path) as genome:
        assert genome.fetch("a") == b"" and genome.fetch("c", 0, 0) == b""


@pytest.mark.parametrize("end", [0.5, "block edge", "end marker"])
def test_cut_bgzf_is_refused(tmp_path, end):
    packed = bgzf(b">a\n" + b"ACGTTGCATT\n" * 100, 100)
    edge = packed.rindex(b"\x1f\x8b\x08\x04", 0, -len(BGZF_END))
    size = {0.5: len(packed) // 2, "block edge": edge, "end marker": len(packed) - len(BGZF_END)}[end]
    path = write(tmp_path, packed[:size], "cut.fa.gz")
    with pytest.raises(InputError, match=r"cut\.fa\.gz: .* at offset \d+"):
        FastaReader(path)
    with pytest.raises(InputError, match=r"cut\.fa\.gz: .* at offset \d+"):
        list(read_fasta(path))


@pytest.mark.parametrize("packing", ["gzip", "bgzf"])
def test_flipped_bits_give_the_right_sequence_or_an_error(tmp_path, packing, rng):
    packed = PACKINGS[packing](b">a\n" + b"ACGTTGCATTNNGA\n" * 40)
    expected = b"ACGTTGCATTNNGA" * 40
    for position in range(len(packed)):
        damaged = bytearray(packed)
        damaged[position] ^= 1 << int(rng.integers(8))
        path = write(tmp_path, bytes(damaged))
        try:
            assert FastaReader(path).fetch("a") == expected
        except InputError:
            continue


@pytest.mark.parametrize("pack", [bytes, bgzf], ids=["plain", "bgzf"])
def test_a_file_that_changes_under_an_open_reader_is_refused(tmp_path, pack):
    path = write(tmp_path, pack(PLAIN))
    with FastaReader(path) as genome:
        genome.fetch("chr1")
        path.write_bytes(pack(PLAIN.replace(b"ACGT", b"GGGG")))
        with pytest.raises(InputError, match="changed while it was being read"):
            genome.fetch("chr1")


# --- the directory the genome lies in


def test_neighbouring_indexes_are_not_read_and_nothing_is_written(tmp_path):
    path = write(tmp_path, bgzf(PLAIN, 10), "genome.fa.gz")
    # As faidx would write for another genome; raw htslib returns header text as bases then.
    forged = "".join(f"contig{i}\t{2**62}\t{i}\t60\t61\n" for i in range(1000))
    write(tmp_path, b"chr1\t400000\t2\t60\t61\n" + forged.encode(), "genome.fa.gz.fai")
    write(tmp_path, b"\xff" * 4096, "genome.fa.gz.gzi")
    before = {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(tmp_path)}
    tmp_path.chmod(0o555)
    try:
        with FastaReader(path) as genome:
            assert genome.contigs == (("chr1", 14), ("chr2", 4))
            assert genome.fetch("chr1") == b"ACGTacgtNNRYKM"
    finally:
        tmp_path.chmod(0o755)
    assert {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(tmp_path)} == before


# --- long contigs


@pytest.mark.slow
def test_positions_beyond_two_to_the_31(tmp_path):
    """2.2 Gbp out of one BGZF block repeated; every base is known from its position."""
    line = b"ACGTTGCATTAAGGCCTAGCAATTGACCATGGTACGATCCTAGGATTCAAGTCTCAGAAT\n"
    lines_a_block, n_blocks = 1000, 36_000
    body = bgzf(line * lines_a_block)[: -len(BGZF_END)]
    path = tmp_path / "long.fa.gz"
    with open(path, "wb") as file:
        file.write(bgzf(b">long\n")[: -len(BGZF_END)])
        for _ in range(n_blocks):
            file.write(body)
        file.write(BGZF_END)
    bases = line[:-1]
    with FastaReader(path) as genome:
        length = genome.length("long")
        assert length == len(bases) * lines_a_block * n_blocks > 2**31
        for start in (600_000_000, 2**31 - 5, length - 100):
            expected = bytes(bases[i % len(bases)] for i in range(start, start + 100))
            assert genome.fetch("long", start, start + 100) == expected
