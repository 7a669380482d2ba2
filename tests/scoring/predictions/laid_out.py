"""Answers along one contig, made up."""

import numpy as np

from dna_mamba.alphabet import bases_of, encode_bases
from dna_mamba.genome import Contig, Interval
from dna_mamba.models import HeadConfig
from dna_mamba.scoring.predictions.layout import AlongAnswers
from dna_mamba.scoring.predictions.units import AlongReading, units_of


def answers_of(letters, p_LK=None, *, bin_bp=1, regions=None, outputs=("x+", "x-"), complement=(1, 0), reading=None):
    """``p_LK`` are answers a bin, by default random ones."""
    if bin_bp == 1:
        head = HeadConfig(task="bases", outputs=outputs, complement=complement)
    else:
        head = HeadConfig(task="tracks", outputs=outputs, bin_bp=bin_bp)
    contigs = [Contig("c", len(letters))]
    places = {"c": [Interval("c", *place) for place in regions or [(0, len(letters))]]}
    units = units_of(contigs, places, reading or AlongReading(0, 0), bin_bp)
    if p_LK is None:
        p_LK = np.random.default_rng(0).random((len(letters) // bin_bp, len(outputs)))
    values, codes = np.asarray(p_LK, dtype=np.float32), bases_of(encode_bases(letters))
    return AlongAnswers(
        head,
        contigs,
        places,
        units,
        lambda number: values[units[number].start // bin_bp : units[number].end // bin_bp],
        lambda number: codes[units[number].start : units[number].end],
        11,
    )
