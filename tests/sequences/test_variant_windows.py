"""One change for all spellings, against brute force over every placement and against ``bcftools norm``."""

import pysam
import pysam.bcftools
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dna_mamba.alphabet import bases_of, decode_bases, encode_bases, reverse_complement
from dna_mamba.io.fasta import FastaReader
from dna_mamba.sequences.cached_genome import CachedGenome
from dna_mamba.sequences.variant_windows import allele_windows, find_change
from tests.worlds import write_fasta

REPETITIVE = st.text("AC", min_size=8, max_size=24).flatmap(
    lambda core: st.tuples(st.text("ACGT", max_size=8), st.just(core), st.text("ACGT", max_size=8)).map("".join)
)


def codes(letters):
    return bases_of(encode_bases(letters))


def change_of(reference, start, ref, alt, reach=100):
    found = find_change(reference, "c", start, codes(ref), codes(alt), reach)
    return found.start, found.end, decode_bases(found.ref), decode_bases(found.alt)


def spellings(sequence, start, ref, alt):
    """Every (start, ref, alt) of at most the same lengths that gives the same new sequence."""
    changed = sequence[:start] + alt + sequence[start + len(ref) :]
    return [
        (s, sequence[s : s + len(ref)], changed[s : s + len(alt)])
        for s in range(len(sequence) - len(ref) + 1)
        if sequence[:s] + changed[s : s + len(alt)] + sequence[s + len(ref) :] == changed
    ]


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    directory = tmp_path_factory.mktemp("genome")

    def make(sequence):
        path = directory / f"{abs(hash(sequence))}.fa"
        return CachedGenome(FastaReader(path if path.exists() else write_fasta(path, {"c": sequence})))

    return make


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sequence=REPETITIVE, data=st.data())
def test_every_spelling_is_the_same_change(genome, sequence, data):
    start = data.draw(st.integers(0, len(sequence) - 1))
    ref = sequence[start : start + data.draw(st.integers(0, 4))]
    alt = data.draw(st.text("AC", max_size=4))
    assume(ref != alt)
    reference = genome(sequence)
    expected = change_of(reference, start, ref, alt)
    for spelling in spellings(sequence, start, ref, alt):
        assert change_of(reference, *spelling) == expected
    first, last, _, new = expected
    changed = sequence[:start] + alt + sequence[start + len(ref) :]
    assert sequence[:first] + new + sequence[last:] == changed


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sequence=REPETITIVE, data=st.data())
def test_the_other_strand_sees_the_mirror_image(genome, sequence, data):
    start = data.draw(st.integers(0, len(sequence) - 1))
    ref = sequence[start : start + data.draw(st.integers(0, 3))]
    alt = data.draw(st.text("ACGT", max_size=3))
    first, last, old, new = change_of(genome(sequence), start, ref, alt)
    mirrored = genome(reverse_complement(sequence))
    place = len(sequence) - start - len(ref)
    assert change_of(mirrored, place, reverse_complement(ref), reverse_complement(alt)) == (
        len(sequence) - last,
        len(sequence) - first,
        reverse_complement(old),
        reverse_complement(new),
    )


def test_against_bcftools_norm(genome, tmp_path):
    """What ``bcftools norm`` makes of a record is the same change, for many records in repeats."""
    sequence = "GATTACA" + "CA" * 8 + "GGGGGG" + "ACGTT" * 4 + "TCA"
    reference = genome(sequence)
    records = [(start, sequence[start : start + n], sequence[start]) for start in range(45) for n in (2, 3, 5)]
    records += [(start, sequence[start], sequence[start : start + n]) for start in range(40) for n in (2, 3, 6)]
    lines = [f"c\t{s + 1}\t{i}\t{ref}\t{alt}\t.\t.\t." for i, (s, ref, alt) in enumerate(records)]
    header = ["##fileformat=VCFv4.3", f"##contig=<ID=c,length={len(sequence)}>"]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    vcf, fasta = tmp_path / "in.vcf", write_fasta(tmp_path / "g.fa", {"c": sequence})
    vcf.write_text("\n".join([*header, columns, *lines]) + "\n")
    pysam.faidx(str(fasta))
    normalised = pysam.bcftools.norm("-f", str(fasta), str(vcf))
    rows = [line.split("\t") for line in normalised.splitlines() if not line.startswith("#")]
    assert len(rows) == len(records)
    moved = 0
    for _, pos, name, ref, alt, *_ in rows:
        original = records[int(name)]
        moved += original != (int(pos) - 1, ref, alt)
        assert change_of(reference, int(pos) - 1, ref, alt) == change_of(reference, *original)
    assert moved > 30


def test_windows_have_equal_flanks_and_end_with_the_contig(genome):
    reference = genome("ACGTACGTTTACGCATGCAT")
    change = find_change(reference, "c", 10, codes("A"), codes("ATC"), 5)
    pair = allele_windows(reference, change, 13)
    assert len(pair.left) == len(pair.right) and not pair.is_cut
    assert decode_bases(pair.ref_codes) in "ACGTACGTTTACGCATGCAT"
    edge = allele_windows(reference, find_change(reference, "c", 1, codes("C"), codes("T"), 5), 13)
    assert edge.is_cut and decode_bases(edge.left) == "A" and decode_bases(edge.right) == "GTACGT"


def test_a_repeat_beyond_reach_is_longer_than_reach(genome):
    reference = genome("G" + "A" * 60 + "C")
    start, end, *_ = change_of(reference, 30, "A", "", reach=10)
    assert end - start > 10


def test_padded_windows_have_the_change_in_the_middle(tmp_path):
    genome = CachedGenome(FastaReader(write_fasta(tmp_path / "g.fa", {"c": "ACGTACGTAC"})))
    change = find_change(genome, "c", 1, codes("C"), codes("T"), 10)
    padded, plain = (allele_windows(genome, change, 9, padded=is_padded) for is_padded in (True, False))
    assert decode_bases(padded.ref_codes) == "NNNACGTAC" and decode_bases(padded.alt_codes) == "NNNATGTAC"
    assert decode_bases(plain.ref_codes) == "ACGTAC"
    assert padded.is_cut and plain.is_cut
    insertion = allele_windows(genome, find_change(genome, "c", 9, codes("C"), codes("CTT"), 10), 9, padded=True)
    assert decode_bases(insertion.ref_codes) == "TACNNN" and decode_bases(insertion.alt_codes) == "TACTTNNN"
