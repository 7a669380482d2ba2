"""How long windows are where nobody says, in every task that reads a window around something."""

from pathlib import Path

import numpy as np
import pytest

from dna_mamba.genome import Interval, Variant
from dna_mamba.inference.context import context_of
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.scoring import ScoreJob, saturation_mutagenesis, score_variants, site_probabilities
from dna_mamba.scoring.mutagenesis.job import MutagenesisJob
from tests.worlds import random_sequence, small_model, write_fasta, write_vcf

SEQUENCE = random_sequence(300)


def trained_on(window_bp: int | None) -> MaskedLanguageModel:
    model = small_model("post-hoc")
    model.config = model.config.model_copy(update={"trained_window_bp": window_bp})
    return model


@pytest.mark.parametrize(
    ("window_bp", "asked_bp", "expected_bp"),
    [(None, None, 256), (512, None, 512), (131_072, None, 8192), (131_072, 20_000, 20_000), (512, 31, 31)],
)
def test_as_asked_or_as_trained(window_bp: int | None, asked_bp: int | None, expected_bp: int) -> None:
    assert context_of(trained_on(window_bp), asked_bp) == expected_bp


def test_tasks_read_the_window_of_the_model(tmp_path: Path) -> None:
    """What a model trained on 21 bp says unasked is what it says when 21 bp are asked for, and not what 256 give."""
    path = write_fasta(tmp_path / "genome.fa", {"c": SEQUENCE})
    variant, region = Variant("c", 150, SEQUENCE[149], "ACGT".replace(SEQUENCE[149], "")[0]), Interval("c", 149, 150)
    model = trained_on(21)
    with FastaReader(path) as genome:

        def answers(**context: int) -> list[float]:
            (scored,) = score_variants([variant], genome, model, **context)
            probabilities = site_probabilities(genome, model, "c", 149, **context)
            mutated = saturation_mutagenesis(region, genome, model, **context)
            unmasked = saturation_mutagenesis(region, genome, model, scores="wt-llr", **context)
            assert scored.llr is not None
            return [scored.llr, *probabilities.values(), *np.nan_to_num(mutated.llr).flat, *unmasked.llr.flat]

        unasked = np.nan_to_num(answers())
        np.testing.assert_allclose(unasked, np.nan_to_num(answers(context_bp=21)), atol=1e-6)
        assert (abs(unasked - np.nan_to_num(answers(context_bp=256))) > 1e-4).any()


def test_jobs_say_which_window_they_read(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "genome.fa", {"c": SEQUENCE})
    write_vcf(tmp_path / "in.vcf", [("c", 150, SEQUENCE[149], "N")])
    model = trained_on(40)
    assert ScoreJob(tmp_path / "in.vcf", path, model).context_bp == 40
    assert ScoreJob(tmp_path / "in.vcf", path, model, context_bp=50).context_bp == 50
    assert MutagenesisJob(path, model).context_bp == 40
