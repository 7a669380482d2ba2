"""A directory with a genome, a model and variants, and the command as its users call it."""

import os
import random
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

import dna_mamba
from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from tests.worlds import random_sequence, small_model, write_fasta

SEQUENCE = random_sequence(900, seed=11)
HEADER = (
    "##fileformat=VCFv4.3",
    f"##contig=<ID=c,length={len(SEQUENCE)}>",
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tsample",
)
_ROOT = Path(dna_mamba.__file__).parents[1]


def furnish(directory: Path, n_records: int = 200) -> Path:
    """``genome.fa``, ``model`` and ``in.vcf``, whose records are of every kind and sorted."""
    write_fasta(directory / "genome.fa", {"c": SEQUENCE})
    save_model(small_model(), directory / "model", force=True)
    lines = [*HEADER, *(record(i, n_records) for i in range(n_records))]
    (directory / "in.vcf").write_text("\n".join(lines) + "\n")
    return directory


def record(i: int, n_records: int) -> str:
    """Mostly substitutions; insertions, deletions, several and symbolic alleles, none, and a few wrong REFs."""
    pos = 1 + i * (len(SEQUENCE) - 12) // n_records
    ref, after = SEQUENCE[pos - 1], SEQUENCE[pos : pos + 3]
    others = "ACGT".replace(ref, "")
    alleles = {
        1: (ref, ref + "AC"),
        2: (ref + after, ref),
        3: (ref, f"{others[0]},{others[1]}T"),
        4: (ref, f"{others[2]},<DEL>,*"),
        5: (ref, "."),
    }
    wrong = random.Random(i).random() < 0.02
    ref, alt = (others[0], others[1]) if wrong else alleles.get(i % 9, (ref, others[i % 3]))
    return f"c\t{pos}\trs{i}\t{ref}\t{alt}\t{i}.50\tPASS\tAC=1\tGT\t0|1"


def words(*more: str, variants: str = "in.vcf", reference: str = "genome.fa") -> list[str]:
    return ["score", variants, "-m", "model", "-f", reference, "--context", "21", "--threads", "1", *more]


def score(*more: str, variants: str = "in.vcf", reference: str = "genome.fa") -> Result:
    """``dna-mamba score`` in the current directory."""
    return CliRunner().invoke(cli, words(*more, variants=variants, reference=reference))


def merge(*more: str) -> Result:
    """``dna-mamba merge``."""
    return CliRunner().invoke(cli, ["merge", *more])


def spawn(command: list[str], **options: object) -> "subprocess.Popen[str]":
    """``dna-mamba`` in a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "kernels")])}
    return subprocess.Popen(
        [sys.executable, "-m", "dna_mamba", *command],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # type: ignore[call-overload, no-any-return]  # fmt: skip


def fails(result: Result, code: int, *hints: str) -> None:
    """One line that says why, no traceback, nothing on standard output, no output left."""
    assert result.exit_code == code, (result.exit_code, result.stderr)
    last = result.stderr.splitlines()[-1]
    assert all(hint in last for hint in hints), last
    assert "Traceback" not in result.stderr and result.stdout == ""
    assert not [path.name for path in Path().iterdir() if path.name.lstrip(".").startswith("out")]
