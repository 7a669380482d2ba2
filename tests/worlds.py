"""Small genomes, variants and models for tests, and scores worked out the long way."""

import random
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.alphabet import reverse_complement
from dna_mamba.genome import Variant
from dna_mamba.models import MaskedLanguageModel, ModelConfig
from dna_mamba.models.config import ReverseComplement

MODES: tuple[ReverseComplement, ...] = ("none", "augment", "post-hoc", "shared")
CONTEXT_BP = 33
CADUCEUS_IDS = dict(zip("ACGTN", (7, 8, 9, 10, 11), strict=True))
MASK_ID = 3
HEADER = (
    "##fileformat=VCFv4.3",
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tsample",
)


def small_model(mode: ReverseComplement = "shared", tokenizer: dict[str, object] | None = None) -> MaskedLanguageModel:
    """Two layers, 16 channels, weights large enough that the context matters."""
    torch.manual_seed(3)
    tokenizer = tokenizer or {"kind": "nucleotide", "vocabulary": "caduceus"}
    config = ModelConfig(d_model=16, n_layer=2, d_state=4, reverse_complement=mode, tokenizer=tokenizer)
    model = MaskedLanguageModel(config).eval()
    with torch.no_grad():
        model.encoder.embedding.weight.normal_()
    return model


def random_sequence(length: int, seed: int = 0) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def write_fasta(path: Path, contigs: dict[str, str]) -> Path:
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
    return path


def write_vcf(path: Path, rows: list[tuple[str, int, str, str]], header: tuple[str, ...] = HEADER) -> Path:
    """Rows are chrom, pos, ref, alt; the other columns are filled in."""
    lines = [
        f"{chrom}\t{pos}\trs{i}\t{ref}\t{alt}\t{i}.50\tPASS\tAC=1\tGT\t0/1"
        for i, (chrom, pos, ref, alt) in enumerate(rows)
    ]
    path.write_text("\n".join([*header, *lines]) + "\n")
    return path


def every_substitution(chrom: str, sequence: str, positions: range) -> list[Variant]:
    """All three substitutions at each 1-based position."""
    return [
        Variant(chrom, pos, sequence[pos - 1], alt) for pos in positions for alt in "ACGT" if alt != sequence[pos - 1]
    ]


def llr_by_hand(model: MaskedLanguageModel, sequence: str, variant: Variant, context_bp: int = CONTEXT_BP) -> float:
    """The score from one window and its reverse complement, letter by letter."""
    flank = (context_bp - 1) // 2
    left = sequence[max(0, variant.pos - 1 - flank) : variant.pos - 1].upper()
    right = sequence[variant.pos : variant.pos + flank].upper()
    ref, alt = variant.ref.upper(), variant.alt.upper()
    forward = _difference(model, left, right, ref, alt)
    backward = _difference(model, *(reverse_complement(part) for part in (right, left, ref, alt)))
    total = forward + backward
    return total if model.config.reverse_complement == "shared" else total / 2


def _difference(model: MaskedLanguageModel, left: str, right: str, ref: str, alt: str) -> float:
    """Logit of alt minus logit of ref on one strand, which has ``left`` and ``right`` beside the masked site."""
    ids = [*(CADUCEUS_IDS[base] for base in left), MASK_ID, *(CADUCEUS_IDS[base] for base in right)]
    with torch.no_grad():
        hidden_LD: Tensor = model.encoder(torch.tensor([ids]))[0]
        logits_V = F.linear(hidden_LD[len(left)], model.encoder.embedding.weight)
    return float(logits_V[CADUCEUS_IDS[alt]] - logits_V[CADUCEUS_IDS[ref]])
