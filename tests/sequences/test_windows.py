import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.alphabet import decode_bases, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.sequences.windows import flank_bp, site_window
from tests.worlds import random_sequence, write_fasta


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return FastaReader(
        write_fasta(tmp_path_factory.mktemp("g") / "g.fa", {"c": random_sequence(60), "d": "ACGNNRacgt"})
    )


@given(position=st.integers(0, 59), context_bp=st.integers(1, 150))
def test_window_against_slices(reference, position, context_bp):
    sequence, flank = random_sequence(60), (context_bp - 1) // 2
    window, offset = site_window(reference, "c", position, context_bp)
    codes = np.frombuffer(window, dtype=np.uint8)
    assert decode_bases(codes) == sequence[max(0, position - flank) : position + flank + 1]
    assert decode_bases(codes)[offset] == sequence[position]


def test_the_site_is_in_the_middle_of_even_contexts_too():
    assert flank_bp(512) == flank_bp(511) == 255


def test_no_context():
    with pytest.raises(InputError, match="context of 0 bp"):
        flank_bp(0)


def test_letter_case_plays_no_part(reference):
    assert site_window(reference, "d", 7, 5) == (encode_bases("RACGT").tobytes(), 2)
