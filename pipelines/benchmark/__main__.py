"""The benchmark from the command line."""

import argparse
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import setting_of
from dna_mamba.errors import DnaMambaError, InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.training.finetune import read_finetune_recipe
from pipelines.benchmark.page import check_page, page_lines, write_into_page
from pipelines.benchmark.plan import Plan, RunName, TaskSet, read_plan
from pipelines.benchmark.report import row_of
from pipelines.benchmark.runs import PREEMPTED, Manner, Outcome, done, finetune
from pipelines.benchmark.tables import NO_LIMIT, write_table

_HERE = Path(__file__).parent
_NOT_YET = "not run yet"
Outcomes = dict[str, dict[RunName, Outcome]]
"""By set and run."""


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    out = argparse.ArgumentParser(
        prog="python -m pipelines.benchmark",
        description="Run `dna-mamba finetune` over sets of labelled sequences; one table of every method. "
        "What is done is kept: the same command resumes, and says nothing twice.",
    )
    out.add_argument("--plan", type=Path, default=_HERE / "tasks.yaml", help="the sets; default: %(default)s")
    out.add_argument("--data", type=Path, required=True, help="folder that the paths of the plan start from")
    out.add_argument("-o", "--output", type=Path, required=True, help="folder of the runs; made if there is none")
    out.add_argument("-m", "--model", help="in place of the plan's")
    out.add_argument("--only", action="append", default=[], metavar="NAME", help="only this set; may be repeated")
    out.add_argument("--run", action="append", choices=["probe", "tuned"], help="only this run; may be repeated")
    out.add_argument("--collect", action="store_true", help="run nothing: only the table of what is done")
    out.add_argument("--results", type=Path, metavar="JSON", help="everything found")
    out.add_argument("--page", type=Path, metavar="MD", help="page between whose marks the table goes")
    out.add_argument("--minutes", type=float, help="stop after so long; the same command goes on")
    out.add_argument("--nice", type=int, default=10, help="how far to stand back, 0 to 19; default: %(default)s")
    out.add_argument("--device", default="cpu")
    out.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code: 0, 1 if a run failed, 2 for a mistake, 75 if it was stopped."""
    given = parser().parse_args(arguments)
    try:
        plan = read_plan(given.plan)
        if given.model:
            plan = plan.model_copy(update={"model": given.model})
        if given.page is not None:
            check_page(given.page)
        outcomes, code = benchmark(plan, given)
        print("\n".join(report(outcomes, plan, given)))
    except DnaMambaError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return code


def benchmark(plan: Plan, given: argparse.Namespace) -> tuple[Outcomes, int]:
    """What became of every run, and the worst exit code; the table is made again after each run that ends."""
    sets = chosen_sets(plan, given.only)
    runs: list[RunName] = [name for name in plan.runs if not given.run or name in given.run]
    for task_set in sets:  # mistakes are found before hours are spent
        for run in runs:
            read_finetune_recipe(None, plan.recipe_for(task_set, run, Path("data.tsv")))
    deadline = None if given.minutes is None else time.monotonic() + 60 * given.minutes
    manner = Manner(given.device, given.threads, given.nice, deadline)
    outcomes: Outcomes = {one.name: {run: kept(plan, one, run, given.output) for run in plan.runs} for one in plan.sets}
    worst = 0
    for run in runs:  # all sets by one way, then by the next: a table that was stopped has whole columns
        for task_set in sets:
            if given.collect or worst == PREEMPTED:
                continue
            outcome = one_run(plan, task_set, run, given, manner)
            outcomes[task_set.name][run] = outcome
            if outcome.code:
                worst = PREEMPTED if outcome.code in (PREEMPTED, -signal.SIGINT) else max(worst, 1)
            report(outcomes, plan, given)
    return outcomes, worst


def chosen_sets(plan: Plan, names: Sequence[str]) -> list[TaskSet]:
    """The sets of these names, or all. Raises InputError for a name that no set has."""
    known = {task_set.name: task_set for task_set in plan.sets}
    for name in names:
        if name not in known:
            raise InputError(f"no set {name!r}", place="--only", remedy=f"choose among {', '.join(known)}")
    return [known[name] for name in names] if names else list(plan.sets)


def kept(plan: Plan, task_set: TaskSet, run: RunName, output: Path) -> Outcome:
    """What an earlier call did with the same recipe, rows and weights."""
    table = _table_of(output, task_set, run)
    earlier = done(_recipe(plan, task_set, run, table), table, table.parent / run) if table.is_file() else None
    return earlier or Outcome(None, {}, "not finished" if table.with_suffix(".txt").is_file() else _NOT_YET)


def one_run(plan: Plan, task_set: TaskSet, run: RunName, given: argparse.Namespace, manner: Manner) -> Outcome:
    """Of one set; what was done earlier is kept, unless its rows are others now."""
    table = _table_of(given.output, task_set, run)
    told = _teller(f"{task_set.name}: {run}")
    try:
        table.parent.mkdir(parents=True, exist_ok=True)
        write_table(task_set, given.data, table, plan.limits.get(run, NO_LIMIT))
    except InputError as error:
        return told(Outcome(None, {}, str(error), error.exit_code))
    earlier = kept(plan, task_set, run, given.output)
    if earlier.results is not None:
        return earlier
    if manner.is_over:
        return told(Outcome(None, {}, f"{_NOT_YET}, {given.minutes:g} minutes are over", PREEMPTED))
    print(f"{task_set.name}: {run} ...", file=sys.stderr, flush=True)
    return told(finetune(_recipe(plan, task_set, run, table), table, table.parent / run, manner))


def _table_of(output: Path, task_set: TaskSet, run: RunName) -> Path:
    return (output / task_set.name / f"{run}.tsv").absolute()


def _recipe(plan: Plan, task_set: TaskSet, run: RunName, table: Path) -> dict[str, Any]:
    return read_finetune_recipe(None, plan.recipe_for(task_set, run, table)).model_dump(mode="json")


def _teller(name: str) -> Callable[[Outcome], Outcome]:
    def told(outcome: Outcome) -> Outcome:
        end = outcome.problem or f"done, {sum(outcome.seconds.values()):,.0f} s of training"
        print(f"{name}: {end}", file=sys.stderr, flush=True)
        return outcome

    return told


def report(outcomes: Outcomes, plan: Plan, given: argparse.Namespace) -> list[str]:
    """Write what was asked for, and give the lines of the page."""
    known = {task_set.name: task_set for task_set in plan.sets}
    rows = [row_of(known[name], of_runs) for name, of_runs in outcomes.items()]
    command = shlex.join(["python", "-m", "pipelines.benchmark", "--plan", given.plan.name])
    setting = setting_of(given.threads) | {"model": plan.model, "device": given.device, "command": command}
    lines = page_lines(rows, plan.notes, setting)
    if given.results is not None:
        with atomic_output(given.results, force=True) as stream:
            stream.write((json.dumps({"setting": setting, "rows": rows}, indent=1) + "\n").encode())
    if given.page is not None:
        write_into_page(given.page, lines)
    return lines


if __name__ == "__main__":
    sys.exit(main())
