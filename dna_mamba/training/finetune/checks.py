"""Options that do not go together, refused before a file is read."""

from dna_mamba.data.folds import FoldPlan
from dna_mamba.errors import InputError
from dna_mamba.extras import need
from dna_mamba.training.finetune.sections import DataSection, How


def refuse_contradictions(data: DataSection, folds: FoldPlan, class_weights: str) -> None:
    """Raise InputError where an option of a recipe would have no effect, or two ask for different things."""
    _sources(data)
    _columns(data)
    _folds(data, folds)
    task = "annotation" if data.annotation else "tracks" if data.signal else data.task
    if class_weights == "balanced" and task in ("regression", "annotation", "tracks"):
        remedy = "leave --class-weights out"
        raise InputError(f"class weights for --task {task}", place="class_weights", remedy=remedy)


def need_library(how: How) -> None:
    """Raise InputError where adapters are asked for and peft is not installed."""
    if how in ("lora", "dora"):
        need("peft", what=how, instead="--how last-n or full")


def _sources(data: DataSection) -> None:
    """Rows come from one place, whatever each kind of task needs is there."""
    given = [name for name in ("variants", "signal", "annotation") if getattr(data, name)]
    if data.files and not data.signal:
        given.append("a table")
    if len(given) > 1:
        what = f"{given[0]} and {given[1]} both give labelled rows"
        raise InputError(what, place="data", remedy="give one of them")
    for task, source in (("annotation", data.annotation), ("tracks", data.signal)):
        option = "--annotation" if task == "annotation" else "--signal"
        if data.task == task and not source:
            raise InputError(f"--task {task} without labels a base", place="data.task", remedy=f"give {option}")
        if source and data.task not in (None, task):
            remedy = f"take --task {task}, or leave --task out"
            raise InputError(f"{option} for --task {data.task}", place="data.task", remedy=remedy)
    if data.bin_bp is not None and not data.signal:
        raise InputError("--bin is of a signal", place="data.bin_bp", remedy="give --signal NAME=FILE, or leave it out")
    if data.window_bp is not None and not data.genome:
        remedy = "leave --window out, or give places with --genome"
        raise InputError("sequences of a table are taken whole", place="data.window_bp", remedy=remedy)


def _columns(data: DataSection) -> None:
    """A column is one thing."""
    if repeated := [name for name in data.label if data.label.count(name) > 1]:
        raise InputError(f"--label {repeated[0]} twice", place="data.label", remedy="name each column once")
    places = bool(data.variants or data.signal or data.annotation)
    options = {"--fold-column": data.fold_column, "--id-column": data.id_column}
    for option, name in options.items():
        if places and name is not None:
            what = f"{option} {name} is of a table, and there is none"
            raise InputError(what, place="data", remedy="leave it out; --group chrom divides by contigs")
    if not data.genome:
        options["--sequence-column"] = data.sequence_column
    for option, name in options.items():
        if name is not None and name in (data.label or ("label",)):
            what = f"column {name!r} is the label and {option}"
            raise InputError(what, place="data.label", remedy="name another column with --label")


def _folds(data: DataSection, folds: FoldPlan) -> None:
    """What divides rows is used, or not given."""
    named = (("--fold-column", data.fold_column, "column"), ("--families", data.families, "homology"))
    for option, name, kind in named:
        if name is not None and "kind" in folds.model_fields_set and folds.kind != kind:
            remedy = f"leave {option} or --folds out"
            raise InputError(f"--folds {folds.kind} does not look at {option} {name}", place="folds", remedy=remedy)
