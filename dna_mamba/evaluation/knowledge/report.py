"""Everything that is asked of a model, and the answers: as JSON, and as one table for a model card."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import numpy as np

from dna_mamba.alphabet import bases_of
from dna_mamba.evaluation.consequences import ConsequenceReport, check_consequences
from dna_mamba.evaluation.knowledge.asking import model_log_p
from dna_mamba.evaluation.knowledge.baselines import BestBaselines, best_baselines, markov_log_p
from dna_mamba.evaluation.knowledge.bits import MODEL, KindBits, bits_by_kind
from dna_mamba.evaluation.knowledge.motifs.gain import MotifGain, motif_gain
from dna_mamba.evaluation.knowledge.plan import KnowledgeOptions, KnowledgePlan, consequence_options
from dna_mamba.evaluation.knowledge.probe_features import hidden_states, read_windows, untrained, word_counts
from dna_mamba.evaluation.knowledge.probes import ProbeResult, probe, questions
from dna_mamba.evaluation.knowledge.sites import Answered
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel

WORDS, FRAMED_WORDS, UNTRAINED = "3-mer counts", "3-mer counts by frame", "untrained model"


class StepProgress(Protocol):
    """Shows how far a step is: opened with what it is and how many there will be, told how many are done."""

    def __call__(
        self, description: str, *, unit: str, total: int | None = None
    ) -> AbstractContextManager[Callable[[int], None]]: ...


class KnowledgeReport(NamedTuple):
    """What was found; ``answered`` keeps the answers at every site, for figures."""

    facts: dict[str, Any]
    kinds: list[KindBits]
    consequences: ConsequenceReport | None
    motifs: list[MotifGain]
    probes: list[ProbeResult]
    answered: Answered

    def as_json(self) -> dict[str, Any]:
        """Facts and every number as plain JSON values; None where there is no number."""
        consequences = None if self.consequences is None else self.consequences.as_json()
        content = self.facts | {
            "bits_per_base": {row.kind: _fields(row, "kind") for row in self.kinds},
            "consequences": consequences,
            "motifs": {row.name: _fields(row, "name") for row in self.motifs},
            "probes": {row.name: _fields(row, "name") for row in self.probes},
        }
        plain: dict[str, Any] = _plain(content)
        return plain


def evaluate_model(
    plan: KnowledgePlan,
    genome: FastaReader,
    model: MaskedLanguageModel,
    options: KnowledgeOptions,
    *,
    context_bp: int,
    batch_size: int | None = None,
    progress: StepProgress,
) -> KnowledgeReport:
    """Ask a model and what it is compared with.

    Args:
        plan: what ``make_plan`` chose for this genome, these options and this context.
        genome: the genome.
        model: a language model on nucleotide tokens.
        options: what is asked.
        context_bp: longest window the model reads.
        batch_size: windows that go through it together; None takes what suits the device.
        progress: told of every step.

    Raises:
        InputError: the model does not read single bases, has no reverse complement, or gives NaN or infinity.
    """
    with progress("counted", unit="bp for baselines") as advance:
        baselines = best_baselines(plan.train_sequences(genome), plan.held_out_sequences())
        advance(sum(map(len, plan.train)))
    answered = _answer(plan, genome, model, baselines, context_bp, batch_size, progress)
    resampling = {"n_resamples": options.n_resamples, "seed": options.seed}
    kinds = bits_by_kind(plan.kinds, answered, baselines.names, block_bp=plan.block_bp, **resampling)
    motifs = [motif_gain(places, answered, baselines.best.name, **resampling) for places in plan.motifs]
    consequences = _consequences(plan, genome, model, options, context_bp, batch_size, progress)
    left_out = dict(plan.left_out)
    probes = _probe(plan, genome, model, options, batch_size, progress, left_out)
    facts = _facts(plan, genome, options, context_bp, baselines) | {"not_asked": left_out}
    return KnowledgeReport(facts, kinds, consequences, motifs, probes, answered)


def _answer(
    plan: KnowledgePlan,
    genome: FastaReader,
    model: MaskedLanguageModel,
    baselines: BestBaselines,
    context_bp: int,
    batch_size: int | None,
    progress: StepProgress,
) -> Answered:
    """Model and baselines at every site of kinds and motifs."""
    sites, chart = plan.sites, plan.held.chart
    bases = np.empty(len(sites), dtype=np.uint8)
    for chrom, rows, positions in chart.by_contig(sites):
        bases[rows] = bases_of(plan.held.codes[chrom][positions])
    with progress("asked", unit="masked sites", total=len(sites)) as advance:
        of_model = model_log_p(
            model, genome, chart, sites, context_bp=context_bp, batch_size=batch_size, advance=advance
        )
    log_p = {MODEL: of_model}
    for baseline in (baselines.one_sided, baselines.two_sided):
        log_p[baseline.name] = markov_log_p(baselines.markov, baseline, genome, chart, sites)
    return Answered(sites, bases, log_p)


def _consequences(
    plan: KnowledgePlan,
    genome: FastaReader,
    model: MaskedLanguageModel,
    options: KnowledgeOptions,
    context_bp: int,
    batch_size: int | None,
    progress: StepProgress,
) -> ConsequenceReport | None:
    if plan.substitutions is None:
        return None
    asked = consequence_options(plan.annotation, options, context_bp)
    with progress("scored", unit="substituted sites", total=plan.substitutions.n_sites) as advance:
        return check_consequences(plan.substitutions, genome, model, asked, batch_size=batch_size, advance=advance)


def _probe(
    plan: KnowledgePlan,
    genome: FastaReader,
    model: MaskedLanguageModel,
    options: KnowledgeOptions,
    batch_size: int | None,
    progress: StepProgress,
    left_out: dict[str, str],
) -> list[ProbeResult]:
    """Results of the probes that can be asked; why not, of the others."""
    windows = read_windows(plan.probes, genome)
    if not windows:
        left_out["probes"] = "no coding, intron or intergenic base is held out"
        return []
    with progress("read", unit="windows for probes", total=2 * len(windows)) as advance:
        features = {
            MODEL: hidden_states(model, windows, plan.probes, batch_size=batch_size, advance=advance),
            WORDS: word_counts(windows, plan.probes, n_frames=1),
            FRAMED_WORDS: word_counts(windows, plan.probes, n_frames=3),
            UNTRAINED: hidden_states(
                untrained(model, options.seed), windows, plan.probes, batch_size=batch_size, advance=advance
            ),
        }
    found = []
    for question in questions(plan.probes):
        result = probe(question, plan.probes, features, n_resamples=options.n_resamples, seed=options.seed)
        if isinstance(result, str):
            left_out[f"probe of {question.name}"] = result
        else:
            found.append(result)
    return found


def _facts(
    plan: KnowledgePlan, genome: FastaReader, options: KnowledgeOptions, context_bp: int, baselines: BestBaselines
) -> dict[str, Any]:
    return {
        "reference_sha256": genome.fingerprint,
        "held_out": [str(place) for place in plan.held.places],
        "held_out_bp": sum(map(len, plan.held.places)),
        "excluded": list(options.excluded),
        "counted_bp": sum(map(len, plan.train)),
        "context_bp": context_bp,
        "genetic_code": plan.annotation.genetic_code,
        "sites": options.n_sites,
        "resamples": options.n_resamples,
        "resampled_block_bp": plan.block_bp,
        "seed": options.seed,
        "baselines": baselines.names,
        "best_baseline": baselines.best.name,
        "notes": plan.annotation.notes,
    }


def _fields(row: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in row._asdict().items() if key != name}


def _plain(value: Any) -> Any:
    """Named tuples become objects, NaN becomes None."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
