"""Genomes as streams of letters: FASTA, 2bit, GenBank and EMBL, told apart by content."""

from collections.abc import Iterator
from pathlib import Path

from dna_mamba.data.store.twobit import MAGIC_BYTES, is_two_bit, two_bit_letters
from dna_mamba.io.compression import CHUNK_BYTES, open_input, open_raw
from dna_mamba.io.fasta.lines import Header, split_records
from dna_mamba.io.genbank import flat_file_records, flat_format_of


def read_letters(path: Path) -> Iterator[str | bytes]:
    """The name of each contig of a file in order, then its letters in pieces of any size.

    Letters are those of the file, line ends and blanks between them included; a GenBank record is held in memory,
    anything else a few megabytes at a time.

    Raises:
        InputError: the file cannot be read, is damaged or is none of these formats.
    """
    with open_raw(path) as raw:
        if is_two_bit(raw.read(MAGIC_BYTES)):
            raw.seek(0)
            yield from two_bit_letters(raw, str(path))
            return
    with open_input(path) as stream:
        if (flat_format := flat_format_of(stream)) is not None:
            for name, _, sequence in flat_file_records(stream, flat_format, str(path)):
                yield name
                yield sequence
            return
        for part in split_records(iter(lambda: stream.read(CHUNK_BYTES), b""), str(path)):
            yield part.name if isinstance(part, Header) else part.text
