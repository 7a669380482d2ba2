"""Held-out stretches read, decoded and compared with what is known of them."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, bases_of
from dna_mamba.annotation.coding_parts import CodingTranscript
from dna_mamba.annotation.decode import decode_genes
from dna_mamba.annotation.labels import IGNORED, INTERGENIC, coding, label_names
from dna_mamba.annotation.levels import Agreement, LevelTables
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.io.gff.writer import PredictedGene
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.annotation.windows import BaseWindows, LabelledStretch

PIECE_BP = 65_536
_ORF_BP = 300
LevelScores = dict[str, float]


@torch.no_grad()
def log_probabilities(model: TaskModel, codes: Codes) -> NDArray[np.float32]:
    """Of each base's classes, (L, K), read in pieces of 65,536 bp."""
    parts = []
    for first in range(0, len(codes), PIECE_BP):
        ids_L = model.tokenizer.encode_codes(codes[first : first + PIECE_BP]).astype(np.int64)
        logits_1LK = model(torch.from_numpy(ids_L)[None].to(model.device)).logits
        parts.append(torch.log_softmax(logits_1LK.float(), dim=-1)[0].cpu().numpy())
    return np.concatenate(parts)


@torch.no_grad()
def loss_of(
    model: TaskModel, objective: Callable[[BaseWindows], torch.Tensor], windows: Sequence[BaseWindows]
) -> float:
    """Mean cross-entropy of labelled bases, nats; the model is left in the mode it was in."""
    was_training = model.training
    model.eval()
    total = sum(float(objective(batch)) for batch in windows)
    model.train(was_training)
    return total / max(1, sum(int((batch.labels_BL != IGNORED).sum()) for batch in windows))


def judge_model(
    model: TaskModel, held: Sequence[LabelledStretch], options: DecoderOptions, check: Callable[[], None] = lambda: None
) -> LevelScores:
    """How well a model's genes agree with the known ones of held-out stretches, and its most likely labels."""
    names = model.head_config.outputs
    tables, n_right, n_known = LevelTables(), 0, 0
    for stretch in held:
        check()
        codes = stretch.contig.codes[stretch.start : stretch.end]
        log_p_LK = log_probabilities(model, codes)
        labels = stretch.contig.labels[stretch.start : stretch.end]
        n_right += int((log_p_LK.argmax(1) == labels).sum())
        n_known += int((labels != IGNORED).sum())
        _compare(tables, stretch, decode_genes(stretch.contig.chrom, bases_of(codes), log_p_LK, names, options))
    return {"accuracy": n_right / max(1, n_known), **_scores(tables)}


def judge_orfs(held: Sequence[LabelledStretch], options: DecoderOptions) -> LevelScores:
    """The same of the longest open reading frames, from 300 bp, which needs no model."""
    names = label_names(spliced=False, untranslated=False)
    each = np.zeros(len(names), dtype=np.float32)
    each[[names.index(coding(place, strand)) for place in range(3) for strand in "+-"]] = 1.0
    each[names.index(INTERGENIC)] = 0.0
    plain = options._replace(evidence_weight=1.0, gene_nats=0.0, start_weight=0.0, shortest_bp=_ORF_BP)
    tables = LevelTables()
    for stretch in held:
        codes = stretch.contig.codes[stretch.start : stretch.end]
        log_p_LK = np.broadcast_to(each, (len(codes), len(names)))
        _compare(tables, stretch, decode_genes(stretch.contig.chrom, bases_of(codes), log_p_LK, names, plain))
    return _scores(tables)


def _compare(tables: LevelTables, stretch: LabelledStretch, genes: Sequence[PredictedGene]) -> None:
    """Adds a stretch: the known genes that lie in it, in its own coordinates."""
    bases = bases_of(stretch.contig.codes[stretch.start : stretch.end])
    known = [
        gene._replace(spans=tuple((start - stretch.start, end - stretch.start) for start, end in gene.spans))
        for gene in stretch.contig.genes
        if stretch.start <= gene.spans[0][0] and gene.spans[-1][1] <= stretch.end
    ]
    tables.add(known, [CodingTranscript(gene.chrom, gene.strand, gene.spans) for gene in genes], bases)


def _scores(tables: LevelTables) -> LevelScores:
    report = tables.report({}, [])
    scores: LevelScores = {}
    for name in ("base", "exon", "transcript", "start", "stop"):
        level: Agreement = report.levels[name]
        scores |= {f"{name}_recall": level.recall, f"{name}_precision": level.precision, f"{name}_f1": level.f1}
    return scores
