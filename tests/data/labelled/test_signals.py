import re

import numpy as np
import pytest

from dna_mamba.alphabet import decode_bases, reverse_complement
from dna_mamba.data.labelled.signals import read_signals
from dna_mamba.errors import InputError
from dna_mamba.genome import Contig
from dna_mamba.io.bigwig import write_bigwig
from tests.data.labelled.places import CHR1, CHR2, write, write_genome

VALUES = np.random.default_rng(0).random(460).astype(np.float32)


def write_signal(folder, name="signal.bw"):
    path = folder / name
    write_bigwig(path, [Contig("1", 460), Contig("chr2", 150)], [("1", 0, VALUES[:200]), ("1", 300, VALUES[300:460])])
    return path


def test_every_window_has_the_mean_of_each_bin(tmp_path):
    path = write_signal(tmp_path)
    found = read_signals(write_genome(tmp_path), [f"a={path}"], window_bp=100, bin_bp=20)
    assert found.labels.shape == (5, 5, 1)
    assert found.ids == ["chr1:1-100", "chr1:101-200", "chr1:201-300", "chr1:301-400", "chr2:1-100"]
    expected = np.concatenate([VALUES[:200], np.zeros(100), VALUES[300:400], np.zeros(100)])
    np.testing.assert_allclose(found.labels[..., 0], expected.reshape(5, 5, 20).mean(2), rtol=1e-6)
    assert decode_bases(found.sequences[4]) == CHR2[:100]


def test_windows_of_the_reverse_strand_are_read_backwards(tmp_path):
    bed = write(tmp_path, "p.bed", "chr1\t60\t80\tx\t0\t-\nchr1\t100\t150\ty\t0\t+\n")
    signal = str(write_signal(tmp_path))
    found = read_signals(write_genome(tmp_path), [signal], window_bp=40, bin_bp=10, intervals=bed)
    assert decode_bases(found.sequences[0]) == reverse_complement(CHR1[50:90])
    np.testing.assert_allclose(found.labels[0, :, 0], VALUES[50:90][::-1].reshape(4, 10).mean(1), rtol=1e-6)
    assert found.names == ("signal",)


def test_depth_of_reads_is_a_signal(tmp_path):
    import pysam

    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 460}, {"SN": "chr2", "LN": 150}]}
    path = tmp_path / "reads.bam"
    with pysam.AlignmentFile(path, "wb", header=header) as file:
        for number, start in enumerate((10, 15, 120)):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.query_sequence, read.flag = f"r{number}", CHR1[start : start + 20], 0
            read.reference_id, read.reference_start, read.cigartuples = 0, start, [(0, 20)]
            read.query_qualities = pysam.qualitystring_to_array("I" * 20)
            read.mapping_quality = 60
            file.write(read)
    genome = write_genome(tmp_path)
    with pytest.raises(InputError, match="has no index; make one: samtools index"):
        read_signals(genome, [str(path)], window_bp=100, bin_bp=5)
    pysam.index(str(path))
    found = read_signals(genome, [str(path)], window_bp=100, bin_bp=5)
    assert found.labels[0, :8, 0].tolist() == [0, 0, 1, 2, 2, 2, 1, 0]
    assert found.labels[1].sum() * 5 == 20


@pytest.mark.parametrize(
    ("options", "bed", "told"),
    [
        ({"bin_bp": 7}, None, "windows of 100 bp are not a multiple of bins of 7 bp"),
        ({"window_bp": 1000}, None, "has no window of 1,000 bp"),
        ({}, "chr1\t0\t20\nchr1\t100\t120\n", "p.bed:1: a window of 100 bp around chr1:1-20 reaches past chr1"),
        ({}, "chr2\t50\t70\nchr2\t70\t80\n", "never varies"),
        ({"signals": []}, None, "no signals to learn"),
        ({"signals": ["missing.bw"]}, None, "missing.bw: cannot be read"),
        ({"signals": ["{d}/genome.fa"]}, None, "is not bigWig"),
    ],
)
def test_mistakes_are_one_line(tmp_path, options, bed, told):
    genome = write_genome(tmp_path)
    options = {"signals": [str(write_signal(tmp_path))], "window_bp": 100, "bin_bp": 20} | options
    options["signals"] = [text.format(d=tmp_path) for text in options["signals"]]
    if bed is not None:
        options["intervals"] = write(tmp_path, "p.bed", bed)
    with pytest.raises(InputError, match=re.escape(told)) as error:
        read_signals(genome, **options)
    assert "\n" not in str(error.value)
