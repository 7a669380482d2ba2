"""Made-up genes on made-up contigs, the answers of a head that knows them, and structures worked out the long way."""

import random
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, bases_of, encode_bases, reverse_complement
from dna_mamba.annotation.labels import coding, intron, label_names

UNSPLICED = label_names(spliced=False, untranslated=False)
SPLICED = label_names(spliced=True, untranslated=False)
STOPS = ("TAA", "TAG", "TGA")
Spans = tuple[tuple[int, int], ...]


def coding_letters(n_codons: int, rng: random.Random) -> str:
    """ATG, codons that are no stops, and a stop."""
    codons = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT" if a + b + c not in STOPS]
    return "ATG" + "".join(rng.choices(codons, k=n_codons)) + rng.choice(STOPS)


def spacer(length: int, rng: random.Random) -> str:
    return "".join(rng.choices("ACGT", k=length))


def intron_letters(length: int, rng: random.Random, donor: str = "GT") -> str:
    return donor + spacer(length - 4, rng) + "AG"


def truth_labels(length: int, genes: list[tuple[str, Spans]], names: tuple[str, ...]) -> NDArray[np.int64]:
    """The class of each base; later genes write over earlier ones."""
    labels = np.zeros(length, dtype=np.int64)
    for strand, spans in genes:
        for (_, left), (right, _) in pairwise(spans):
            labels[left:right] = names.index(intron(strand))
        positions = np.concatenate([np.arange(start, end) for start, end in spans])
        for place, at in enumerate(positions if strand == "+" else positions[::-1]):
            labels[at] = names.index(coding(place % 3, strand))
    return labels


def answers(labels: NDArray[np.int64], n_classes: int, noise: float, seed: int = 0) -> NDArray[np.float64]:
    """Log-probabilities that mostly agree with the labels."""
    logits = np.random.default_rng(seed).normal(0, noise, (len(labels), n_classes))
    logits[np.arange(len(labels)), labels] += 3
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def codes_of(letters: str) -> Codes:
    return bases_of(encode_bases(letters))


def read_out(letters: str, strand: str, spans: Spans) -> str:
    """The letters of spans in reading order."""
    joined = "".join(letters[start:end] for start, end in spans)
    return joined if strand == "+" else reverse_complement(joined)


def is_gene(letters: str, strand: str, spans: Spans) -> bool:
    """ATG, whole codons, one stop at the end, and introns GT-AG or GC-AG."""
    read = read_out(letters, strand, spans)
    codons = [read[i : i + 3] for i in range(0, len(read), 3)]
    if len(read) % 3 or codons[0] != "ATG" or codons[-1] not in STOPS or any(c in STOPS for c in codons[:-1]):
        return False
    for (_, left), (right, _) in pairwise(spans):
        between = letters[left:right] if strand == "+" else reverse_complement(letters[left:right])
        if between[:2] not in ("GT", "GC") or between[-2:] != "AG":
            return False
    return True


def every_gene(letters: str, shortest_bp: int, shortest_intron_bp: int) -> Iterator[tuple[str, Spans]]:
    """Every gene with at most one intron, by trying all places."""
    length = len(letters)
    for strand in "+-":
        for start in range(length):
            for end in range(start + 6, length + 1):
                if end - start >= shortest_bp and is_gene(letters, strand, ((start, end),)):
                    yield strand, ((start, end),)
                for left in range(start + 1, end - shortest_intron_bp):
                    pair = letters[left : left + 2]
                    if pair not in (("GT", "GC") if strand == "+" else ("CT",)):
                        continue
                    for right in range(left + shortest_intron_bp, end):
                        spans = ((start, left), (right, end))
                        if left - start + end - right >= shortest_bp and is_gene(letters, strand, spans):
                            yield strand, spans


def biased_gene(n_codons: int, rng: random.Random) -> str:
    """As ``coding_letters``, of codons that a genome prefers: G or C at their third place, and few amino acids."""
    preferred = ("GCG", "CTG", "AAC", "GAG", "ACC", "GTC", "ATC", "CGC")
    codons = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT" if a + b + c not in STOPS]
    drawn = rng.choices(preferred, k=n_codons)
    return "ATG" + "".join(rng.choice(codons) if rng.random() < 0.3 else codon for codon in drawn) + rng.choice(STOPS)
