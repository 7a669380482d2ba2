"""Windows of several lengths around the same bases: what scoring would say of them, and what longer ones bring."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import BASES
from dna_mamba.data.genomes import ContigPart
from dna_mamba.data.held_out import HeldOutPlan
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.scoring import site_probabilities
from dna_mamba.training.loop.log import RunLog, read_log
from dna_mamba.training.pretrain.contexts import context_losses, log_contexts
from dna_mamba.training.pretrain.held_out import HeldOutPart
from tests.training.models import tiny_model
from tests.worlds import random_sequence, write_fasta

SEQUENCE = random_sequence(400)
CODES = np.array([BASES.index(base) for base in SEQUENCE], dtype=np.uint8)


def sensitive_model() -> MaskedLanguageModel:
    """Weights large enough that the context matters."""
    model = tiny_model().eval()
    with torch.no_grad():
        model.encoder.embedding.weight.normal_()
    return model


def test_losses_are_those_of_scoring(tmp_path: Path) -> None:
    """Bits of every base as site_probabilities gives them, windows shorter at the ends."""
    model = sensitive_model()
    losses = context_losses(model, {"g": [CODES]}, (21, 9), sites=400)
    assert [loss.window_bp for loss in losses] == [9, 21]
    with FastaReader(write_fasta(tmp_path / "g.fa", {"c": SEQUENCE})) as genome:
        bits = np.array(
            [
                [-math.log2(site_probabilities(genome, model, "c", at, context_bp=bp)[base]) for bp in (9, 21)]
                for at, base in enumerate(SEQUENCE)
            ]
        )
    assert [loss.bits_per_base for loss in losses] == pytest.approx(bits.mean(0), abs=1e-5)
    gain = bits[:, 0] - bits[:, 1]
    assert losses[0].gain_bits == losses[0].gain_error == 0
    assert losses[1].gain_bits == pytest.approx(gain.mean(), abs=1e-5)
    assert losses[1].gain_error == pytest.approx(gain.std(ddof=1) / 20, rel=1e-3)


def test_bases_are_spread_over_genomes_and_sequences() -> None:
    """Contigs that can only be sliced, in any division, and unknown bases left out."""
    model = sensitive_model()
    whole = context_losses(model, {"g": [CODES]}, (9,), sites=400)
    unknown = np.full(50, 4, dtype=np.uint8)
    parts = {"g": [ContigPart(CODES, 0, 400), unknown[:0]], "h": [unknown]}
    assert context_losses(model, parts, (9,), sites=450) [0] == pytest.approx(whole[0])
    assert context_losses(model, {"h": [unknown]}, (9,), sites=10) == []


def test_the_log_has_a_row_where_contexts_are_asked_for(tmp_path: Path) -> None:
    model, log = sensitive_model().train(), RunLog(tmp_path / "log.jsonl")
    told: list[str] = []
    plain = HeldOutPart("test", {"g": [CODES]}, HeldOutPlan())
    log_contexts(plain, model, 5, log, told.append)
    assert not told and not (tmp_path / "log.jsonl").exists()
    log_contexts(plain._replace(plan=HeldOutPlan(contexts=(16, 64))), model, 5, log, told.append)
    (row,) = read_log(tmp_path / "log.jsonl")
    assert row["event"] == "contexts" and row["split"] == "test" and model.training
    assert [window["window_bp"] for window in row["windows"]] == [16, 64]
    assert told[0].startswith("test, bits per base by window: 16 bp ")
