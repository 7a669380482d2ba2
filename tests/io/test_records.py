from dna_mamba.io import fasta, genbank
from dna_mamba.io.records import FastaRecord


def test_every_reader_gives_the_same_record(give_stdin):
    assert fasta.FastaRecord is FastaRecord and genbank.FastaRecord is FastaRecord
    give_stdin(b">a some words\nACgt\n")
    [record] = fasta.read_fasta("-")
    assert isinstance(record, FastaRecord)
    assert (record.name, record.description, record.sequence) == ("a", "some words", b"ACgt")
