"""What a run will be taught and judged on: rows, folds, and what leaks from one fold to another."""

from typing import Any, NamedTuple

from dna_mamba.data.folds import FoldPlan, make_folds
from dna_mamba.data.folds.families import Families, own_families, read_families
from dna_mamba.data.folds.leak_report import FoldLeaks, apply_policy, find_leaks
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.training.finetune.problem import FoldPart, Problem, part_of
from dna_mamba.training.finetune.recipe import FinetuneRecipe
from dna_mamba.training.finetune.source import VARIANT_WINDOW_BP, read_rows_of


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
    plan = plan_of(recipe)
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
    window_bp = recipe.data.window_bp or (VARIANT_WINDOW_BP if data.is_variants else None)
    return LabelSurvey(Problem(data, recipe.class_weights == "balanced", window_bp), parts, leaks, facts, notes)


def _families(data: Labelled, recipe: FinetuneRecipe) -> Families:
    return own_families(data) if recipe.data.families is None else read_families(recipe.data.families, data)


def plan_of(recipe: FinetuneRecipe) -> FoldPlan:
    """The folds of the recipe: those that a column names where there is one and nothing else was said."""
    said = recipe.folds.model_fields_set
    if "kind" in said:
        return recipe.folds
    if recipe.data.fold_column is not None:
        return recipe.folds.model_copy(update={"kind": "column"})
    if recipe.data.group is not None:
        return recipe.folds.model_copy(update={"kind": "group"})
    if recipe.data.families is not None:
        return recipe.folds.model_copy(update={"kind": "homology"})
    return recipe.folds
