"""Speed of scoring variants: ``python benchmarks/score.py [-m MODEL] [--vcf IN.vcf --fasta REF.fa] [-o RESULTS.json]``.

Default: the packaged demo. ``encoder_share`` is the share of the time that the model's encoder takes; the rest is
reading, looking up the reference, tokenizing, joining the strands and writing. Times are wall-clock: run on an idle
machine.
"""

import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from measuring import Report, Table, parser_of

from dna_mamba.cli.demo import GENOME, VARIANTS
from dna_mamba.defaults import PRECISIONS
from dna_mamba.inference.open import as_model
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.precision import precision_of
from dna_mamba.scoring.variant_files.job import ScoreJob
from dna_mamba.scoring.variant_files.target import Target

COLUMNS = {
    "context_bp": "7,d",
    "records": "7,d",
    "scored": "7,d",
    "passes": "6d",
    "survey_seconds": "7.3f",
    "seconds": "8.3f",
    "records_per_second": "8.2f",
    "encoder_share": "6.2%",
    "other_us_per_record": "8.1f",
}


class Stopwatch:
    """Adds up the time spent in the layers of a model's encoder, and counts its passes."""

    def __init__(self, model: MaskedLanguageModel) -> None:
        self.seconds, self.passes = 0.0, 0
        self._encoder, self._run = model.encoder, model.encoder.residual
        model.encoder.residual = self._timed

    def _timed(self, *given: Any, **how: Any) -> torch.Tensor:
        started = time.perf_counter()
        residual_BLD = self._run(*given, **how)
        if residual_BLD.device.type == "cuda":
            torch.cuda.synchronize()
        self.seconds += time.perf_counter() - started
        self.passes += 1
        return residual_BLD

    def remove(self) -> None:
        """The model is as it was."""
        del self._encoder.residual


def first_records(path: Path, n_records: int, directory: Path) -> Path:
    """A VCF of the first records."""
    shorter = directory / "in.vcf"
    with VcfReader(path) as reader:
        lines = [*reader.header_lines, *(record.line for record in islice(reader, n_records))]
    shorter.write_text("\n".join(lines) + "\n")
    return shorter


def measure(
    model: MaskedLanguageModel,
    vcf: Path,
    reference: FastaReader,
    directory: Path,
    context_bp: int,
    batch_size: int | None,
) -> dict[str, float | int]:
    watch = Stopwatch(model)
    started = time.perf_counter()
    job = ScoreJob(vcf, reference, model, context_bp=context_bp, batch_size=batch_size)
    job.survey()
    surveyed = time.perf_counter()
    summary = job.run(Target(directory / "out.vcf", force=True))
    seconds = time.perf_counter() - surveyed
    watch.remove()
    return {
        "context_bp": context_bp,
        "records": summary.n_records,
        "scored": summary.n_scored,
        "passes": watch.passes,
        "survey_seconds": surveyed - started,
        "seconds": seconds,
        "records_per_second": summary.n_records / seconds,
        "encoder_share": watch.seconds / seconds,
        "other_us_per_record": (seconds - watch.seconds) / summary.n_records * 1e6,
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("-m", "--model", default="yeast-tiny")
    parser.add_argument("--vcf", type=Path, default=VARIANTS)
    parser.add_argument("--fasta", type=Path, default=GENOME)
    parser.add_argument("--records", type=int, default=100, help="how many of the VCF to score")
    parser.add_argument("--context", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32", choices=PRECISIONS)
    arguments = parser.parse_args()
    report, model = Report(arguments), as_model(arguments.model, arguments.device, arguments.precision)
    table = Table(COLUMNS)
    with tempfile.TemporaryDirectory() as name, FastaReader(arguments.fasta) as reference:
        ScoreJob(first_records(arguments.vcf, 4, Path(name)), reference, model).run(Path(name) / "warm-up.vcf")
        vcf = first_records(arguments.vcf, arguments.records, Path(name))
        for context_bp in arguments.context:
            table.add(measure(model, vcf, reference, Path(name), context_bp, arguments.batch_size))
    described = {"name": arguments.model, "parameters": model.n_parameters, **model.config.model_dump(mode="json")}
    report.write(table.rows, device=arguments.device, precision=precision_of(model), model=described)


if __name__ == "__main__":
    main()
