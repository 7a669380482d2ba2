"""Arrays and rows of substitutions, by hand."""

import numpy as np
import pytest

from dna_mamba.alphabet import encode_bases
from dna_mamba.errors import InputError
from dna_mamba.scoring.mutagenesis.table import COLUMNS, Mutagenesis, joined, table_header, table_rows


def by_hand():
    return Mutagenesis("c", 9, encode_bases("aN"), np.log(np.array([[0.7, 0.1, 0.1, 0.1], [0.25] * 4], np.float32)))


def test_llr_and_entropy_by_hand():
    result = by_hand()
    np.testing.assert_allclose(result.llr[0], [0, *[np.log(1 / 7)] * 3], atol=1e-6)
    assert np.isnan(result.llr[1]).all()
    expected = [-(0.7 * np.log(0.7) + 0.3 * np.log(0.1)), np.log(4)]
    np.testing.assert_allclose(result.entropy, expected, atol=1e-6)


def test_the_table():
    rows = [row.split("\t") for row in table_rows(by_hand())]
    assert [row[:4] for row in rows] == [
        *(["c", "10", "A", alt] for alt in "CGT"),
        *(["c", "11", "N", alt] for alt in "ACGT"),
    ]
    assert [float(x) for x in rows[0][4:]] == pytest.approx([np.log(1 / 7), 0.7, 0.1, 0.9404479], abs=1e-6)
    assert rows[3][4:7] == [".", ".", "0.25"]
    *said, names = table_header("llr", 256)
    assert names == "#" + "\t".join(COLUMNS)
    assert "255 bp" in said[1] and "nats" in said[1] and "below 0: alt less likely" in said[1]


def test_a_data_frame(monkeypatch):
    pandas = pytest.importorskip("pandas")
    frame = by_hand().to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(COLUMNS) and frame["llr"].isna().sum() == 4
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(InputError, match=r"dna-mamba\[tables\]"):
        by_hand().to_frame()


def test_pieces_of_one_region_are_joined():
    whole = by_hand()
    pieces = [Mutagenesis("c", 9 + i, whole.codes[i : i + 1], whole.log_probabilities[i : i + 1]) for i in range(2)]
    for result in (joined(pieces), joined([whole])):
        assert (result.chrom, result.start, len(result), result.sequence) == ("c", 9, 2, "AN")
        np.testing.assert_array_equal(result.log_probabilities, whole.log_probabilities)


def test_llr_is_zero_at_the_reference_and_has_a_sign_elsewhere():
    log_p = np.log(np.array([[0.1, 0.2, 0.3, 0.4]] * 4, np.float32))
    result = Mutagenesis("c", 0, encode_bases("ACGT"), log_p)
    assert (np.diag(result.llr) == 0).all() and not np.signbit(np.diag(result.llr)).any()
    assert (result.llr[0, 1:] > 0).all() and (result.llr[3, :3] < 0).all()
    np.testing.assert_allclose(result.llr[1, 2], np.log(0.3 / 0.2), rtol=1e-5)


def test_the_header_says_how_sites_were_asked():
    masked, unmasked = (table_header(way, 21) for way in ("llr", "wt-llr"))
    assert masked[0] == unmasked[0] and "1-based" in masked[0] and masked[-1] == unmasked[-1]
    assert any("masked in a window of 21 bp" in line for line in masked)
    assert any("nothing masked" in line and "10 bp on either side" in line for line in unmasked)
