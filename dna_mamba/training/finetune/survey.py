"""What a run will be taught and judged on: rows, folds, and what leaks from one fold to another."""

from typing import Any, NamedTuple

from dna_mamba.data.folds import make_folds
from dna_mamba.data.folds.families import Families, own_families, read_families
from dna_mamba.data.folds.leak_report import FoldLeaks, apply_policy, find_leaks
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.errors import InputError
from dna_mamba.training.finetune.bins import bins_of, rows_of_bins
from dna_mamba.training.finetune.problem import FoldPart, Problem, part_of
from dna_mamba.training.finetune.recipe import FinetuneRecipe
from dna_mamba.training.finetune.source import BIN_BP, SIGNAL_WINDOW_BP, VARIANT_WINDOW_BP, read_rows_of

_GIVEN = ("column", "leave-group-out", "leave-chromosome-out")


class LabelSurvey(NamedTuple):
    """Rows, their parts in each fold, what leaks between those, what results say of both, and news for people."""

    problem: Problem
    parts: list[FoldPart]
    leaks: FoldLeaks
    facts: dict[str, Any]
    notes: list[str]


def survey_of(recipe: FinetuneRecipe) -> LabelSurvey:
    """Read the rows, divide them, look for leaks.

    Raises:
        InputError: rows or folds cannot be used, or rows leak and the recipe refuses that.
    """
    data = read_rows_of(recipe.data)
    problem = _problem_of(data, recipe)
    plan = recipe.folds
    families = _families(data, recipe) if plan.kind == "homology" else None
    folds = make_folds(data, plan, None if families is None else families.number)
    leaks = find_leaks(data, folds)
    parts = [part_of(fold, plan.seed) for fold in apply_policy(data, folds, leaks, recipe.leaks)]
    facts = {
        "plan": plan.model_dump(mode="json"),
        "leaks": leaks.facts(recipe.leaks),
        "seeds": recipe.seeds,
        "how": recipe.how,
        "model": recipe.model,
        "data_sha256": data.sha256,
    }
    told = f"{len(data):,} rows of {', '.join(data.names[:6])}; {plan.kind} folds: {len(folds)}"
    notes = [*data.notes, told, *(families.notes if families else ()), *leaks.lines()]
    if plan.n_folds not in (None, len(folds) // plan.repeats) or (plan.repeats > 1 and plan.kind in _GIVEN):
        notes.append(f"{plan.kind} folds are as they are given: --n-folds and --repeats are not looked at")
    if not all(len(part.validation) for part in parts):
        notes.append("a fold has too few training rows for a validation part: nothing is chosen by it")
    if problem.n_bins > 1:
        parts = [FoldPart(*(bins_of(rows, problem.n_bins) for rows in part)) for part in parts]
    return LabelSurvey(problem, parts, leaks, facts, notes)


def _problem_of(data: Labelled, recipe: FinetuneRecipe) -> Problem:
    """What is learnt of the rows. Raises InputError where the recipe asks for what such labels do not have."""
    window_bp, balanced = recipe.data.window_bp, recipe.class_weights == "balanced"
    if data.is_variants:
        window_bp = window_bp or VARIANT_WINDOW_BP
    if data.task == "tracks":
        bin_bp = recipe.data.bin_bp or BIN_BP
        problem = Problem(rows_of_bins(data, bin_bp), balanced, window_bp or SIGNAL_WINDOW_BP, data, bin_bp)
    else:
        problem = Problem(data, balanced, window_bp)
    recipe.probe.estimator_for(problem.kind)
    if balanced and problem.kind == "values":
        what = f"class weights, and the labels are {data.task} targets"
        raise InputError(what, place=data.source, remedy="leave --class-weights out, or say --task classification")
    if data.is_variants and problem.kind == "labels":
        raise InputError("several labels of a variant", place=data.source, remedy="give one label a variant")
    if recipe.head.counts and (data.task != "tracks" or (problem.truth < 0).any()):
        what = "head.counts is for signals that are never negative"
        raise InputError(what, place=data.source, remedy="leave it out")
    return problem


def _families(data: Labelled, recipe: FinetuneRecipe) -> Families:
    return own_families(data) if recipe.data.families is None else read_families(recipe.data.families, data)
