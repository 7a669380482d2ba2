"""What probes are given of a base: hidden states of a model, or counts of short words of the same window."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, bases_of, reverse_complement_codes
from dna_mamba.evaluation.knowledge.probe_sites import ProbeSites
from dna_mamba.inference.batch import in_batches, pad, windows_per_pass
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel, build_model
from dna_mamba.models.precision import to_dtype

Features = NDArray[np.float32]
_WORD_BP, _NEAR_BP = 3, 2


def read_windows(sites: ProbeSites, genome: FastaReader) -> list[Codes]:
    """Base codes of the sites' windows, uint8 (L,) each."""
    return [bases_of(genome.codes(*window)) for window in sites.windows]


def hidden_states(
    model: MaskedLanguageModel,
    windows: Sequence[Codes],
    sites: ProbeSites,
    *,
    batch_size: int | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> tuple[Features, Features]:
    """Hidden states at each base, nothing masked: on the forward strand, and on its gene's strand, (n, C) each.

    The gene's strand means that the reverse complement of the window was read where the gene lies on the reverse one.
    """
    forward = _hidden(model, windows, sites.window, sites.offset, batch_size, advance)
    sense = forward.copy()
    is_reverse = sites.strand < 0
    if is_reverse.any():
        wanted = np.unique(sites.window[is_reverse])
        mirrored = [reverse_complement_codes(windows[i]) for i in wanted]
        lengths = np.array([len(codes) for codes in windows])
        window = np.searchsorted(wanted, sites.window[is_reverse])
        offset = lengths[sites.window[is_reverse]] - 1 - sites.offset[is_reverse]
        sense[is_reverse] = _hidden(model, mirrored, window, offset, batch_size, lambda count: None)
    return forward, sense


@torch.inference_mode()
def _hidden(
    model: MaskedLanguageModel,
    windows: Sequence[Codes],
    window: NDArray[np.int64],
    offset: NDArray[np.int64],
    batch_size: int | None,
    advance: Callable[[int], None],
) -> Features:
    """Hidden states (n, C) at offsets of windows; ``window`` (n,) says which."""
    longest = max(map(len, windows))
    found: list[Features] = []
    rows: list[NDArray[np.int64]] = []
    for batch in in_batches(range(len(windows)), batch_size or windows_per_pass(model, longest)):
        padded = pad([model.tokenizer.encode_codes(windows[i]) for i in batch], model)
        (here,) = np.nonzero((window >= batch[0]) & (window <= batch[-1]))
        hidden_BLC = model.both_strands(padded.ids_BL, padded.lengths_B).hidden
        found.append(hidden_BLC[window[here] - batch[0], offset[here]].float().cpu().numpy())
        rows.append(here)
        advance(len(batch))
    return np.concatenate(found)[np.argsort(np.concatenate(rows))]


def untrained(model: MaskedLanguageModel, seed: int) -> MaskedLanguageModel:
    """A model of the same shape, device and precision with random weights; torch's generators stay as they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = build_model(model.config.model_copy(update={"num_labels": 0}))
    assert isinstance(fresh, MaskedLanguageModel)
    return to_dtype(fresh.eval(), model.dtype).to(model.device)


def word_counts(windows: Sequence[Codes], sites: ProbeSites, n_frames: int) -> tuple[Features, Features]:
    """Shares of 3-mers of each base's window, by their distance to it modulo ``n_frames``, and the bases beside it.

    On the forward strand, and on its gene's strand, (n, 64 n_frames + 20) each. With three frames a linear probe is
    told the period of codons, and needs to learn only which words stand in frame.
    """
    if not len(sites.window):
        return (np.zeros((0, 64 * n_frames + 20), dtype=np.float32),) * 2
    forward = np.stack([_counts(windows[w], o, n_frames) for w, o in zip(sites.window, sites.offset, strict=True)])
    sense = forward.copy()
    for row in np.flatnonzero(sites.strand < 0):
        codes = reverse_complement_codes(windows[sites.window[row]])
        sense[row] = _counts(codes, len(codes) - 1 - sites.offset[row], n_frames)
    return forward, sense


def _counts(codes: Codes, offset: int, n_frames: int) -> Features:
    bases = codes.astype(np.int64)
    n_words = max(0, len(bases) - _WORD_BP + 1)
    words = bases[:n_words] * 16 + bases[1 : n_words + 1] * 4 + bases[2 : n_words + 2]
    known = np.all([bases[i : n_words + i] < 4 for i in range(_WORD_BP)], axis=0)
    frame = (np.arange(n_words) - offset) % n_frames
    shares = np.bincount((frame * 64 + words)[known], minlength=64 * n_frames) / max(1, n_words)
    near = np.zeros((2 * _NEAR_BP + 1, 4))
    for row, place in enumerate(range(offset - _NEAR_BP, offset + _NEAR_BP + 1)):
        if 0 <= place < len(bases) and bases[place] < 4:
            near[row, bases[place]] = 1
    return np.concatenate([shares, near.ravel()]).astype(np.float32)
