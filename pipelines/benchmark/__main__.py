"""The benchmark from the command line."""

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import setting_of
from dna_mamba.errors import DnaMambaError, InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.training.finetune import read_finetune_recipe
from pipelines.benchmark.plan import Plan, RunName, TaskSet, read_plan
from pipelines.benchmark.report import notes, row_of, setting_line, table_lines, write_into_page
from pipelines.benchmark.runs import PREEMPTED, Outcome, done, finetune
from pipelines.benchmark.tables import write_table

_HERE = Path(__file__).parent


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
        rows, code = benchmark(plan, given)
        report(rows, plan, given)
    except DnaMambaError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return code


def benchmark(plan: Plan, given: argparse.Namespace) -> tuple[list[dict[str, Any]], int]:
    """The rows of the table, and the worst exit code."""
    sets = chosen_sets(plan, given.only)
    runs: list[RunName] = [name for name in plan.runs if not given.run or name in given.run]
    for task_set in sets:  # mistakes are found before hours are spent
        for run in runs:
            read_finetune_recipe(None, plan.recipe_for(task_set, run, Path("data.tsv")))
    rows, worst, stopped = [], 0, given.collect
    for task_set in sets:
        outcomes: dict[RunName, Outcome] = {}
        folder = given.output / task_set.name
        if not stopped:
            folder.mkdir(parents=True, exist_ok=True)
        for run in runs:
            outcomes[run] = one_run(plan, task_set, run, given, stopped=stopped)
            code = outcomes[run].code
            stopped = stopped or code in (PREEMPTED, -signal.SIGINT)
            worst = max(worst, PREEMPTED if stopped and code else 1 if code else 0)
        rows.append(row_of(task_set, outcomes))
    return rows, 0 if given.collect else worst


def chosen_sets(plan: Plan, names: Sequence[str]) -> list[TaskSet]:
    """The sets of these names, or all. Raises InputError for a name that no set has."""
    known = {task_set.name: task_set for task_set in plan.sets}
    for name in names:
        if name not in known:
            raise InputError(f"no set {name!r}", place="--only", remedy=f"choose among {', '.join(known)}")
    return [known[name] for name in names] if names else list(plan.sets)


def one_run(plan: Plan, task_set: TaskSet, run: RunName, given: argparse.Namespace, *, stopped: bool) -> Outcome:
    """Of one set; what was done earlier is kept."""
    folder: Path = given.output / task_set.name
    table = (folder / "data.tsv").absolute()
    recipe = read_finetune_recipe(None, plan.recipe_for(task_set, run, table)).model_dump(mode="json")
    if not stopped:
        try:
            write_table(task_set, given.data, table)
        except InputError as error:
            return _told(task_set, run, Outcome(None, {}, str(error), error.exit_code))
    kept = done(recipe, table, folder / run) if table.is_file() else None
    if kept is not None or stopped:
        return kept or Outcome(None, {}, "not run yet")
    print(f"{task_set.name}: {run} ...", file=sys.stderr, flush=True)
    return _told(task_set, run, finetune(recipe, table, folder / run, device=given.device, threads=given.threads))


def _told(task_set: TaskSet, run: RunName, outcome: Outcome) -> Outcome:
    end = outcome.problem or f"done, {sum(outcome.seconds.values()):,.0f} s of training"
    print(f"{task_set.name}: {run}: {end}", file=sys.stderr, flush=True)
    return outcome


def report(rows: list[dict[str, Any]], plan: Plan, given: argparse.Namespace) -> None:
    """Print the table, and write what was asked for."""
    command = shlex.join(["python", "-m", "pipelines.benchmark", "--plan", given.plan.name])
    setting = setting_of(given.threads) | {"model": plan.model, "device": given.device, "command": command}
    lines = [*table_lines(rows), "", *(f"- {note}" for note in notes(rows)), "", setting_line(setting)]
    print("\n".join(lines))
    if given.results is not None:
        with atomic_output(given.results, force=True) as stream:
            stream.write((json.dumps({"setting": setting, "rows": rows}, indent=1) + "\n").encode())
    if given.page is not None:
        write_into_page(given.page, lines)


if __name__ == "__main__":
    sys.exit(main())
