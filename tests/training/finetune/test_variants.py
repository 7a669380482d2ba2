"""Labelled variants and intervals of a genome become judged models."""

import random
from pathlib import Path

import pytest

from dna_mamba.checkpoints import load_model, save_model
from dna_mamba.models import TaskModel
from tests.training.finetune.desk import job_of, results
from tests.worlds import random_sequence, small_model, write_fasta


@pytest.fixture
def genome(tmp_path: Path) -> dict[str, str]:
    save_model(small_model(), tmp_path / "model")
    contigs = {f"chr{i}": random_sequence(600, seed=i) for i in range(1, 4)}
    write_fasta(tmp_path / "genome.fa", contigs)
    return contigs


def test_variants_with_a_label_field_by_contig(tmp_path: Path, genome: dict[str, str]) -> None:
    draw = random.Random(1)
    lines = ["##fileformat=VCFv4.3", *(f"##contig=<ID={name},length=600>" for name in genome)]
    lines += ['##INFO=<ID=CLASS,Number=1,Type=String,Description="Class">']
    lines += ["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for name, sequence in genome.items():
        for pos in range(40, 560, 26):
            ref = sequence[pos - 1]
            alt = draw.choice([base for base in "ACGT" if base != ref])
            gained = (alt in "GC") > (ref in "GC")
            lines.append(f"{name}\t{pos}\t.\t{ref}\t{alt}\t.\t.\tCLASS={'strong' if gained else 'other'}")
    (tmp_path / "v.vcf").write_text("\n".join(lines) + "\n")
    flags = {
        "data.files": [],
        "data.variants": str(tmp_path / "v.vcf"),
        "data.genome": [str(tmp_path / "genome.fa")],
        "data.label": ["INFO/CLASS"],
        "data.task": "variant",
        "data.group": "chrom",
        "data.window_bp": 32,
    }
    job_of(tmp_path, "run", **flags).run()
    found = results(tmp_path, "run")
    assert (found["task"], found["folds"], found["n"]) == ("variant", 3, 60)
    assert found["methods"]["gc-length"]["auroc"]["mean"] > 0.95  # the class is a gain of G or C
    predictions = (tmp_path / "run" / "predictions.tsv").read_text().splitlines()
    contig_of_fold = {(cells[1], cells[0].split(":")[0]) for cells in (line.split("\t") for line in predictions[1:])}
    assert len(contig_of_fold) == 3  # a contig is tested as a whole
    model = load_model(tmp_path / "run" / "model")
    assert isinstance(model, TaskModel)
    assert (model.head_config.task, model.head_config.window_bp) == ("variant", 32)


def test_intervals_of_a_genome(tmp_path: Path, genome: dict[str, str]) -> None:
    rows = [
        f"{name}\t{start}\t{start + 30}\t{'gc' if sum(b in 'GC' for b in sequence[start : start + 30]) > 15 else 'at'}"
        for name, sequence in genome.items()
        for start in range(0, 570, 30)
    ]
    (tmp_path / "places.bed").write_text("\n".join(rows) + "\n")
    flags = {"data.files": [str(tmp_path / "places.bed")], "data.genome": [str(tmp_path / "genome.fa")]}
    printed = job_of(tmp_path, "run", **flags, baselines=("gc-length",)).run()
    before = (tmp_path / "run" / "results.json").stat().st_mtime_ns
    assert job_of(tmp_path, "run", **flags, baselines=("gc-length",)).run(resume=True) == printed  # it is done
    assert (tmp_path / "run" / "results.json").stat().st_mtime_ns == before
    found = results(tmp_path, "run")
    assert found["n"] == 57 and found["methods"]["gc-length"]["auroc"]["mean"] > 0.95
