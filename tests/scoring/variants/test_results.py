"""What Python gets: an iterator with fingerprints, and a data frame."""

import hashlib

import numpy as np
import pytest

from dna_mamba.checkpoints import save_model
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring import score_variants, to_frame
from tests.worlds import CONTEXT_BP, every_substitution, random_sequence, small_model, write_fasta

SEQUENCE = random_sequence(90)
VARIANTS = [*every_substitution("c", SEQUENCE, range(40, 43)), Variant("c", 45, SEQUENCE[44], "<DEL>")]


@pytest.fixture
def reference(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", {"c": SEQUENCE}))


def test_a_frame_holds_what_the_results_hold(reference):
    scores = ["llr", "entropy"]
    rows = list(score_variants(VARIANTS, reference, small_model(), context_bp=CONTEXT_BP, scores=scores))
    frame = to_frame(score_variants(VARIANTS, reference, small_model(), context_bp=CONTEXT_BP, scores=scores))
    assert list(frame.columns) == ["chrom", "pos", "ref", "alt", "status", "llr", "entropy"]
    assert [*zip(frame.chrom, frame.pos, frame.ref, frame.alt, strict=True)] == [
        (v.chrom, v.pos, v.ref, v.alt) for v in VARIANTS
    ]
    assert list(frame.status) == [str(row.status) for row in rows]
    assert frame.pos.dtype == np.int64 and frame.llr.dtype == np.float32
    assert np.isnan(frame.llr.iloc[-1]) and list(frame.llr[:-1]) == [np.float32(row.llr) for row in rows[:-1]]
    assert to_frame(rows).equals(frame)


def test_fingerprints_of_a_model_on_disk_and_in_memory(reference, tmp_path):
    save_model(small_model(), tmp_path / "model")
    digest = hashlib.sha256((tmp_path / "model" / "model.safetensors").read_bytes()).hexdigest()
    for model in (small_model(), tmp_path / "model"):
        results = score_variants(VARIANTS, reference, model, context_bp=CONTEXT_BP)
        assert results.weights_sha256 == digest
        assert results.reference_sha256 == reference.fingerprint
        assert to_frame(results).attrs == {"weights_sha256": digest, "reference_sha256": reference.fingerprint}


def test_without_pandas(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(InputError, match=r"dna-mamba\[tables\]"):
        to_frame([])
