"""A messy VCF goes in; every record comes out, in order, unchanged but for its two new INFO entries."""

import gzip
import io
import re

import pytest

from dna_mamba.errors import InputError
from dna_mamba.inference.open import fingerprint
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfReader
from dna_mamba.runs import earlier_fact
from dna_mamba.scoring.variant_files.job import ScoreJob
from dna_mamba.scoring.variant_files.merge import merge_scores
from dna_mamba.scoring.variant_files.read import read_scores
from dna_mamba.scoring.variant_files.target import Target
from dna_mamba.version import __version__
from tests.worlds import CONTEXT_BP, HEADER, random_sequence, small_model, write_fasta, write_vcf

SEQUENCE = random_sequence(120)
REF = SEQUENCE[59]
OTHERS = "ACGT".replace(REF, "")
ADDED = re.compile(r";?DM_LLR=[^;\t]*;DM_STATUS=[^;\t\r]*")
MESSY = [
    ("c", 60, REF, ",".join(OTHERS), "OK,OK,OK"),
    ("c", 60, REF, OTHERS[0], "OK"),
    ("c", 60, REF, f"{OTHERS[0]},*,<DEL>,{REF}AA", "OK,STAR,SYMBOLIC,OK"),
    ("c", 60, REF, ".", None),
    ("c", 3, SEQUENCE[2], "ACGT".replace(SEQUENCE[2], "")[0], "EDGE_PADDED"),
    ("c", 60, REF.lower(), OTHERS[0].lower(), "OK"),
    ("gone", 60, "A", "C", "NO_CONTIG"),
    ("c", 60, REF, f"]d:5]{REF}", "SYMBOLIC"),
    ("c", 60, REF, "<NON_REF>", "SYMBOLIC"),
    ("n", 20, "N", "A", "N_WINDOW"),
    ("n", 41, SEQUENCE[0], "ACGT".replace(SEQUENCE[0], "")[0], "N_WINDOW"),
    ("c", 50, SEQUENCE[49:53], SEQUENCE[49], "OK"),
    ("c", 60, OTHERS[0], REF, "REF_MISMATCH"),
    ("c", 40, SEQUENCE[39], "ACGT".replace(SEQUENCE[39], "")[0], "OK"),
    *[("c", 70, SEQUENCE[69], "ACGT".replace(SEQUENCE[69], "")[1], "OK")] * 20,
]


@pytest.fixture
def reference(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", {"c": SEQUENCE, "n": "N" * 40 + SEQUENCE[:40]}))


@pytest.fixture
def messy(tmp_path):
    return write_vcf(tmp_path / "in.vcf", [row[:4] for row in MESSY])


def job_of(path, reference, **options):
    return ScoreJob(path, reference, small_model(), context_bp=CONTEXT_BP, **options)


def run(path, target, reference, **options):
    return job_of(path, reference, **options).run(target)


def run_piped(path, target, reference, monkeypatch):
    """As ``run``, through standard input, which cannot be surveyed."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    return run("-", target, reference)


def records(path):
    return [line for line in path.read_text().split("\n") if line and not line.startswith("#")]


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_every_record_in_order_and_otherwise_unchanged(messy, reference, tmp_path, batch_size):
    summary = run(messy, tmp_path / "out.vcf", reference, batch_size=batch_size)
    out = records(tmp_path / "out.vcf")
    assert [ADDED.sub("", line) for line in out] == records(messy)
    statuses = [match[1] if (match := re.search(r"DM_STATUS=([^;\t]*)", line)) else None for line in out]
    assert statuses == [row[4] for row in MESSY]
    assert summary.n_records == len(MESSY)
    assert summary.n_alleles == sum(len(row[4].split(",")) for row in MESSY if row[4])
    assert summary.by_status.total() == summary.n_alleles


def test_one_value_for_each_alt(messy, reference, tmp_path):
    run(messy, tmp_path / "out.vcf", reference)
    first, second, third, fourth, *_ = records(tmp_path / "out.vcf")
    values = re.search(r"AC=1;DM_LLR=([^;]*);", first)[1].split(",")
    assert len(values) == 3
    assert all(re.fullmatch(r"-?\d+(\.\d+)?(e-\d+)?", value) for value in values)
    assert f"DM_LLR={values[0]};" in second
    assert re.search(rf"DM_LLR={values[0]},\.,\.,-?[\d.e-]+;", third)
    assert "DM_" not in fourth


def test_header_keeps_its_lines_and_defines_the_keys(messy, reference, tmp_path):
    job_of(messy, reference).run(tmp_path / "out.vcf", command="dna-mamba score\n-m  x")
    header = VcfReader(tmp_path / "out.vcf").header_lines
    assert [line for line in header if line in HEADER] == list(HEADER)
    llr, status, version, command = [line for line in header if line not in HEADER]
    assert llr.startswith("##INFO=<ID=DM_LLR,Number=A,Type=Float,Description=")
    assert all(word in llr for word in ("nats", "ALT less likely", "33 bp"))
    assert status.startswith("##INFO=<ID=DM_STATUS,Number=A,Type=String,Description=")
    assert all(row[4].split(",")[0] in status for row in MESSY if row[4])
    assert version == f"##dna-mamba_scoreVersion={__version__}"
    hashes = f"weights_sha256={fingerprint(small_model())}; reference_sha256={reference.fingerprint}"
    assert command == f"##dna-mamba_scoreCommand=dna-mamba score -m x; {hashes}"


def test_scoring_again_replaces_the_scores(messy, reference, tmp_path):
    run(messy, tmp_path / "once.vcf", reference)
    run(tmp_path / "once.vcf", tmp_path / "twice.vcf", reference)
    assert (tmp_path / "twice.vcf").read_bytes() == (tmp_path / "once.vcf").read_bytes()


@pytest.mark.parametrize("name", ["out.vcf.gz", "out.bcf"])
def test_packed_formats_hold_the_same(reference, tmp_path, name):
    header = (*HEADER[:-1], "##contig=<ID=c,length=120>", HEADER[-1])
    path = write_vcf(tmp_path / "in.vcf", [row[:4] for row in MESSY[:3]], header)
    run(path, tmp_path / "out.vcf", reference)
    run(path, tmp_path / name, reference)
    plain, packed = (list(read_scores(tmp_path / n)) for n in ("out.vcf", name))
    assert [s[:2] for s in packed] == [s[:2] for s in plain]
    assert [s.llr is None for s in packed] == [s.llr is None for s in plain]
    pairs = [(a.llr, b.llr) for a, b in zip(packed, plain, strict=True) if a.llr is not None]
    assert [a for a, _ in pairs] == pytest.approx([b for _, b in pairs], rel=1e-5)


def test_a_table_has_a_row_for_each_allele(messy, reference, tmp_path):
    run(messy, tmp_path / "out.vcf", reference)
    run(messy, tmp_path / "out.tsv", reference)
    run(messy, tmp_path / "out.tsv.gz", reference)
    text = (tmp_path / "out.tsv").read_text()
    assert gzip.decompress((tmp_path / "out.tsv.gz").read_bytes()).decode() == text
    head, *rows = [line.split("\t") for line in text.splitlines() if not line.startswith("##")]
    assert head == ["#chrom", "pos", "ref", "alt", "id", "status", "llr"]
    expected = [(r[0], str(r[1]), r[2], alt) for r in MESSY for alt in r[3].split(",")]
    assert [tuple(row[:4]) for row in rows] == expected
    scores = {
        (s.variant.chrom, str(s.variant.pos), s.variant.ref, s.variant.alt): s
        for s in read_scores(tmp_path / "out.vcf")
    }
    for row in rows:
        if row[3] == ".":
            assert row[5:] == [".", "."]
        else:
            score = scores[tuple(row[:4])]
            assert (row[5], row[6]) == (score.status, "." if score.llr is None else f"{score.llr:.9g}")


def test_a_header_alone(reference, tmp_path):
    path = write_vcf(tmp_path / "in.vcf", [])
    summary = run(path, tmp_path / "out.vcf", reference)
    assert records(tmp_path / "out.vcf") == []
    assert summary.lines()[-1] == "0 records in and out, 0 alleles, 0 scored"


def test_carriage_returns_stay(messy, reference, tmp_path):
    (tmp_path / "dos.vcf").write_bytes(messy.read_bytes().replace(b"\n", b"\r\n"))
    run(messy, tmp_path / "out.vcf", reference)
    run(tmp_path / "dos.vcf", tmp_path / "dos.out.vcf", reference)
    assert (tmp_path / "dos.out.vcf").read_bytes() == (tmp_path / "out.vcf").read_bytes().replace(b"\n", b"\r\n")


def mostly_wrong(tmp_path, n_wrong, n_right):
    wrong, right = ("c", 60, OTHERS[0], "NN"), ("c", 60, REF, "NN")
    return write_vcf(tmp_path / "wrong.vcf", [wrong] * n_wrong + [right] * n_right)


def test_a_wrong_build_leaves_no_output(reference, tmp_path):
    path = mostly_wrong(tmp_path, 6, 94)
    with pytest.raises(InputError, match=r"6 of 100 alleles \(6%\), first c:60 .* wrong build\?"):
        job_of(path, reference).survey()
    with pytest.raises(InputError, match="6 of 100"):
        run(path, tmp_path / "out.vcf", reference)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.fa", "wrong.vcf"]


def test_a_surveyed_file_is_judged_as_a_whole(reference, tmp_path, monkeypatch):
    """Its first thousand alleles alone would look like another build."""
    path = mostly_wrong(tmp_path, 60, 1940)
    job = job_of(path, reference)
    survey = job.survey()
    assert survey.n_records == 2000
    assert "60 of 2,000 alleles" in survey.notes[0]
    summary = job.run(tmp_path / "out.vcf")
    assert summary.by_status == {"REF_MISMATCH": 60, "N_WINDOW": 1940}
    with pytest.raises(InputError, match="60 of 1,000"):
        run_piped(path, tmp_path / "stream.vcf", reference, monkeypatch)


def test_contig_names_are_matched_and_listed(reference, tmp_path, monkeypatch):
    header = (*HEADER[:-1], "##contig=<ID=chrc,length=120>", "##contig=<ID=chrn,length=81>", HEADER[-1])
    path = write_vcf(tmp_path / "in.vcf", [("chrc", 60, REF, OTHERS[0]), ("chrn", 41, SEQUENCE[0], "A")], header)
    notes = job_of(path, reference).survey().notes
    summary = run_piped(path, tmp_path / "out.vcf", reference, monkeypatch)
    assert summary.by_status == {"OK": 1, "NO_CONTIG": 1}
    assert summary.notes[: len(notes)] == notes
    assert "chrc is read as c (both 120 bp)" in notes[0]
    assert records(tmp_path / "out.vcf")[0].startswith("chrc\t60\t")


def test_a_malformed_line_leaves_no_output(reference, tmp_path):
    path = write_vcf(tmp_path / "in.vcf", [("c", 60, REF, OTHERS[0])] * 40)
    path.write_text(path.read_text() + "c\t61\n")
    with pytest.raises(InputError, match=r"in.vcf:45: "):
        run(path, tmp_path / "out.vcf", reference, batch_size=1)
    assert not list(tmp_path.glob("*out*"))


def test_an_existing_target_is_kept(messy, reference, tmp_path):
    (tmp_path / "out.vcf").write_text("mine")
    for attempt in (Target(tmp_path / "out.vcf").check, lambda: run(messy, tmp_path / "out.vcf", reference)):
        with pytest.raises(InputError, match="exists already"):
            attempt()
    assert (tmp_path / "out.vcf").read_text() == "mine"
    run(messy, Target(tmp_path / "out.vcf", force=True), reference)
    assert len(records(tmp_path / "out.vcf")) == len(MESSY)


def test_formats_by_suffix_and_by_choice():
    chosen = {("-", None): "v", ("a.vcf.gz", None): "z", ("a.TSV.gz", None): "t", ("-", "t"): "t", ("a.tsv", "z"): "z"}
    assert {key: Target(*key).format for key in chosen} == chosen
    with pytest.raises(InputError, match="no VCF suffix"):
        Target("scores.txt").check()


def test_the_summary_counts_letters(messy, tmp_path):
    reference = FastaReader(write_fasta(tmp_path / "letters.fa", {"c": SEQUENCE, "x": "NNRYacgtn"}))
    notes = run(messy, tmp_path / "out.vcf", reference).notes
    assert "129 bp, 3 N, 2 other ambiguity codes (read as N), 5 soft-masked" in notes[-1]


def substitutions(tmp_path, n_records):
    places = [20 + i % 80 for i in range(n_records)]
    rows = [("c", pos, SEQUENCE[pos - 1], "ACGT".replace(SEQUENCE[pos - 1], "")[0]) for pos in places]
    return write_vcf(tmp_path / "in.vcf", rows)


class StopError(Exception):
    pass


def stopped(job, target, after, **options):
    """Run until so many records are done."""
    done = 0

    def advance(count):
        nonlocal done
        done += count
        if done > after:
            raise StopError

    with pytest.raises(StopError):
        job.run(target, advance=advance, **options)


def test_a_resumed_run_has_the_batches_of_the_one_that_stopped(reference, tmp_path):
    path, target = substitutions(tmp_path, 100), tmp_path / "out.vcf"
    job_of(path, reference, batch_size=3).run(tmp_path / "whole.vcf")
    stopped(job_of(path, reference, batch_size=3), target, 64)
    with pytest.raises(InputError, match=r"another batch_size \(3, here 4\)"):
        job_of(path, reference, batch_size=4).run(target, resume=True)
    told = []
    job_of(path, reference).run(target, resume=True, advance=told.append)
    assert told[0] == 64 and sum(told) == 100
    assert target.read_bytes() == (tmp_path / "whole.vcf").read_bytes()


def test_a_run_that_began_without_a_batch_size_is_resumed_on_other_cores(reference, tmp_path, monkeypatch):
    """What suits a device is known when the run begins."""
    path, target = substitutions(tmp_path, 100), tmp_path / "out.vcf"
    stopped(job_of(path, reference), target, 64)
    monkeypatch.setattr("torch.get_num_threads", lambda: 64)
    job_of(path, reference).run(target, resume=True)
    assert len(records(target)) == 100


def test_what_a_run_is_of(reference, tmp_path):
    """Whatever changes a score or a line is refused on resuming."""
    path, target = substitutions(tmp_path, 100), tmp_path / "out.vcf"
    stopped(job_of(path, reference, batch_size=8), target, 64)
    assert earlier_fact(target, "device") == "cpu" and earlier_fact(target, "version") == __version__
    other = small_model()
    other.encoder.norm.weight.data[0] += 1
    genome = FastaReader(write_fasta(tmp_path / "other.fa", {"c": SEQUENCE, "n": "N" * 40 + SEQUENCE[:39] + "N"}))
    jobs = {
        "model": ScoreJob(path, reference, other, context_bp=CONTEXT_BP, batch_size=8),
        "reference": job_of(path, genome, batch_size=8),
        "scores": job_of(path, reference, batch_size=8, scores=["entropy"]),
        "check_ref": job_of(path, reference, batch_size=8, check_ref="x"),
        "regions": job_of(path, reference, batch_size=8, regions=["c:1-100"]),
        "context": ScoreJob(path, reference, small_model(), context_bp=CONTEXT_BP + 2, batch_size=8),
        "precision": job_of(path, reference, batch_size=8, precision="bfloat16"),
    }
    for name, job in jobs.items():
        with pytest.raises(InputError, match=f"the run to resume had another {name} "):
            job.run(target, resume=True)
    same = FastaReader(write_fasta(tmp_path / "lower.fa", {"c": SEQUENCE.lower(), "n": "n" * 40 + SEQUENCE[:40]}))
    job_of(path, same, batch_size=8).run(target, resume=True)


def test_an_estimate_counts_each_window_once_and_the_records_of_a_shard(reference, tmp_path):
    path = write_vcf(tmp_path / "in.vcf", [("c", 60, REF, ",".join(OTHERS))] * 65)
    job = job_of(path, reference, batch_size=2)
    whole, first, second = job.estimate(), job.estimate("1/2"), job.estimate("2/2")
    assert (whole.n_records, first.n_records, second.n_records) == (65, 64, 1)
    assert (whole.n_windows, first.n_windows, second.n_windows) == (65, 64, 1)
    assert whole.passes.positions == 65 * CONTEXT_BP


def test_a_pipe_is_written_through_once_and_nothing_else(messy, reference, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(messy.read_bytes())))
    job = job_of("-", reference)
    assert not job.is_repeatable and job_of(messy, reference).is_repeatable
    for ask in (job.survey, job.estimate, lambda: job.run(tmp_path / "o.vcf", resume=True), lambda: job.span("1/2")):
        with pytest.raises(InputError, match="need a file that can be read twice"):
            ask()
    with pytest.raises(InputError, match="--resume: only a run that writes a file"):
        job_of(messy, reference).run("-", resume=True)


def test_only_a_sorted_file_gets_an_index(reference, tmp_path):
    path = write_vcf(tmp_path / "in.vcf", [("c", 60, REF, OTHERS[0]), ("c", 59, SEQUENCE[58], "N")])
    with pytest.raises(InputError, match=r"in\.vcf: not sorted at c:59"):
        job_of(path, reference).run(Target(tmp_path / "out.vcf.gz", write_index=True))


def test_the_precision_is_named_where_it_is_not_float32(reference, tmp_path):
    path = write_vcf(tmp_path / "in.vcf", [("c", 60, REF, ",".join(OTHERS))])
    scores = {}
    for precision in (None, "float32", "bfloat16"):
        job, output = job_of(path, reference, precision=precision), tmp_path / f"{precision}.vcf"
        job.run(output, command="score")
        named = [line for line in output.read_text().splitlines() if "precision" in line]
        assert job.precision == (precision or "float32")
        assert len(named) == (precision == "bfloat16") and all("; precision=bfloat16" in line for line in named)
        scores[precision] = [score.llr for score in read_scores(output)]
    assert scores[None] == scores["float32"] != scores["bfloat16"]
    assert scores["bfloat16"] == pytest.approx(scores["float32"], abs=0.1)


def test_shards_of_two_precisions_are_not_merged(reference, tmp_path):
    path = write_vcf(tmp_path / "in.vcf", [("c", 60, REF, OTHERS[0])] * 130)
    parts = [tmp_path / "1.vcf", tmp_path / "2.vcf"]
    for number, precision in ((1, "float32"), (2, "bfloat16")):
        job_of(path, reference, precision=precision).run(parts[number - 1], shard=f"{number}/2")
    with pytest.raises(InputError, match=r"2\.vcf: its precision is bfloat16, in .*1\.vcf float32; merge shards"):
        merge_scores(parts, tmp_path / "out.vcf")
