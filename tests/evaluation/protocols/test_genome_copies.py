"""Intervals and variants of a small genome in the layouts of BEND, TraitGym and DART-Eval, judged and printed."""

import json
import random

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.metrics import average_precision_score, roc_auc_score

from dna_mamba.alphabet import decode_bases
from dna_mamba.cli.evaluate.protocol import command
from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.genome_copies import read_interval_task, read_variant_task
from dna_mamba.evaluation.protocols.linear_probe import open_encoder
from dna_mamba.evaluation.protocols.registry import protocol_of
from dna_mamba.evaluation.protocols.variant_probe import answers_by_chrom, auprc_by_chrom, cosine_distance

CHROMS = ("chr1", "chr2", "chr3", "chr5", "chr6")


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    chance = random.Random(0)
    letters = {chrom: "".join(chance.choices("ACGT", k=800)) for chrom in CHROMS}
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text("".join(f">{chrom}\n{text}\n" for chrom, text in letters.items()))
    return path, letters


def write_intervals(folder):
    path = folder / "data" / "histone_modification" / "histone_modification.bed"
    path.parent.mkdir(parents=True)
    rows = ["chromosome\tstart\tend\tstrand\tlabel\tsplit"]
    for number, split in enumerate(["train"] * 8 + ["valid"] + ["test"] * 4):
        label = ",".join(str(index) for index in range(3) if number >> index & 1)
        rows.append(f"chr1\t{40 * number}\t{40 * number + 30}\t{'+-'[number % 2]}\t{label}\t{split}")
    path.write_text("\n".join(rows) + "\n")


def test_labels_of_intervals_are_lists_and_sides_a_column(tmp_path, genome):
    path, letters = genome
    write_intervals(tmp_path)
    protocol = protocol_of("bend")
    task = read_interval_task(tmp_path, protocol.tasks["histone_modification"], protocol, path)
    assert task.classes == ("0", "1", "2") and (len(task.train), len(task.test)) == (8, 4)
    assert task.train_labels[5].tolist() == [1, 0, 1] and task.test_labels[0].tolist() == [1, 0, 0]
    assert decode_bases(task.train[0]) == letters["chr1"][:30]
    turned = letters["chr1"][40:70].translate(str.maketrans("ACGT", "TGCA"))[::-1]
    assert decode_bases(task.train[1]) == turned


def test_sides_are_chromosomes_where_a_benchmark_says_so(tmp_path, genome):
    protocol = protocol_of("dart-eval")
    of = protocol.tasks["task_3_peak_classification"]
    path = tmp_path / of.file
    path.parent.mkdir(parents=True)
    rows = [f"{chrom}\t10\t60\t20\t50\t{label}" for chrom in CHROMS for label in ("K562", "IMR90")]
    path.write_text("chr\tinput_start\tinput_end\telem_start\telem_end\tlabel\n" + "\n".join(rows) + "\n")
    task = read_interval_task(tmp_path, of, protocol, genome[0])
    assert task.classes == ("IMR90", "K562") and (len(task.train), len(task.test)) == (6, 2)  # chr6 validates
    assert decode_bases(task.test[0]) == genome[1]["chr5"][10:60] and task.test_labels.tolist() == [1, 0]


def write_variants(path, letters, *, bed, n=24):
    chance = random.Random(1)
    rows = []
    for number in range(n):
        chrom = CHROMS[number % 4]
        start = 100 + 7 * number
        ref = letters[chrom][start]
        alt = chance.choice([base for base in "ACGT" if base != ref])
        place = f"{chrom}\t{start}\t{start + 1}" if bed else f"{chrom}\t{start + 1}\t{ref}"
        rows.append(f"{place}\t{alt}\t{int(number % 3 == 0)}")
    head = "chromosome\tstart\tend\talt\tlabel" if bed else "chrom\tpos\tref\talt\tlabel"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "\n" + "\n".join(rows) + "\n")


def test_variants_of_bed_and_of_a_table_are_the_same(tmp_path, genome):
    path, letters = genome
    task = protocol_of("bend").tasks["variant_effects_disease"]
    write_variants(tmp_path / task.file, letters, bed=True)
    table = task.model_copy(update={"file": "own.tsv"})
    write_variants(tmp_path / "own.tsv", letters, bed=False)
    one, other = read_variant_task(tmp_path, task, path), read_variant_task(tmp_path, table, path)
    assert one.ids == other.ids and one.label_array().tolist() == other.label_array().tolist()
    assert one.names == ("0", "1") and len(one.sequences[0]) == 511
    changed = np.flatnonzero(one.sequences[0] != one.alternatives[0])
    assert len(changed) == 1 and changed[0] == 255
    with pytest.raises(InputError, match=r"no nothing\.tsv"):
        read_variant_task(tmp_path, task.model_copy(update={"file": "nothing.tsv"}), path)


def test_average_precision_is_that_within_chromosomes_weighted_by_rows():
    truth, answers = np.array([0, 1, 0, 1, 1, 0, 0]), np.array([0.1, 0.9, 0.8, 0.2, 0.6, 0.5, 0.4])
    chroms = np.array(["a", "a", "b", "b", "b", "b", "c"])  # c has one class and does not count
    parts = [average_precision_score(truth[rows], answers[rows]) for rows in (slice(0, 2), slice(2, 6))]
    assert auprc_by_chrom(truth, answers, chroms) == pytest.approx((2 * parts[0] + 4 * parts[1]) / 6)


def test_a_chromosome_is_answered_by_what_was_learnt_on_the_others():
    chance = np.random.default_rng(0)
    truth = np.tile([0, 1], 40)
    chroms = np.repeat(["a", "b", "c", "d"], 20)
    x = chance.normal(size=(80, 5))
    x[:, 0] += np.where(chroms == "a", -3, 3) * truth  # on a the other way round
    answers = answers_by_chrom(x, truth, chroms, place="own")
    assert roc_auc_score(truth[chroms == "a"], answers[chroms == "a"]) < 0.1
    assert roc_auc_score(truth[chroms == "b"], answers[chroms == "b"]) > 0.8
    with pytest.raises(InputError, match="without a the variants have 1 of two classes"):
        answers_by_chrom(x, np.where(chroms == "a", truth, 0), chroms, place="own")


def test_distance_is_one_minus_the_cosine():
    a, b = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 2.0], [3.0, 3.0]])
    assert cosine_distance(a, b) == pytest.approx([1.0, 0.0])


def printed(*arguments):
    ran = CliRunner().invoke(command, [*map(str, arguments), "--threads", "1"], catch_exceptions=False)
    return [line.split("\t") for line in ran.stdout.splitlines() if line.count("\t") == 6][1:]


def test_variants_are_judged_by_distance_and_across_chromosomes(tmp_path, genome):
    path, letters = genome
    folder = tmp_path / "mendelian_traits_matched_9"
    write_variants(folder / "test.tsv", letters, bed=False)
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    table = pandas.read_csv(folder / "test.tsv", sep="\t", dtype={"chrom": str})
    table.assign(label=table["label"].astype(bool)).to_parquet(folder / "test.parquet")
    chosen = ["traitgym", "--data", tmp_path, "-f", path, "--task", "mendelian_traits", "-o", tmp_path / "o.json"]
    lines = printed(*chosen)
    assert [(line[1], line[3]) for line in lines] == [
        ("auprc-by-chrom", "cosine distance, not trained"),
        ("auprc-by-chrom", "linear probe, each chromosome in turn"),
    ]
    scores = json.loads((tmp_path / "o.json").read_text())["ours"]["mendelian_traits"]
    assert f"{scores[1]['mean']['auprc-by-chrom']:.3f}" == lines[1][4] and 0 <= scores[0]["mean"]["auroc"] <= 1


def test_several_labels_are_judged_by_a_probe_each(tmp_path, genome):
    write_intervals(tmp_path)
    (line,) = printed("bend", "--data", tmp_path, "-f", genome[0], "--task", "histone_modification")
    assert line[:2] == ["histone_modification", "auroc"] and line[3] == "linear probe a label"
    assert 0 <= float(line[4]) <= 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bend", "--data", ".", "--task", "histone_modification"], r"no genome; give --genome: GRCh38"),
        (["bend", "--task", "gene_finding"], r"gene_finding of bend is not judged here: a class a base"),
        (["dart-eval", "--download"], r"DART-Eval has no files that can be downloaded by name; get it from https"),
    ],
)
def test_what_cannot_be_judged_is_one_line(arguments, said):
    with pytest.raises(InputError, match=said):
        CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_an_encoder_of_any_mode_gives_vectors_at_the_variant(genome, tmp_path):
    from dna_mamba.evaluation.protocols.variant_probe import variant_vectors

    task = protocol_of("traitgym").tasks["complex_traits"].model_copy(update={"file": "own.tsv", "window_bp": 64})
    write_variants(tmp_path / "own.tsv", genome[1], bed=False, n=6)
    rows = read_variant_task(tmp_path, task, genome[0])
    ref, alt = variant_vectors(open_encoder("yeast-tiny", "cpu"), rows)
    assert ref.shape == alt.shape and ref.shape[0] == 6
    assert (cosine_distance(ref, alt) > 1e-6).all() and cosine_distance(ref, ref) == pytest.approx(0, abs=1e-9)
