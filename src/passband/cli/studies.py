"""Commands that run, list, watch and report studies."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from passband.cli.console import app, messages, results

Executor = Literal["inline", "dask"]


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="A study of the catalogue, or the path of a YAML file.")],
    root: Annotated[Path, typer.Option(help="The run folder; the same command resumes what is there.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: one per core.")
    ] = None,
    executor: Annotated[
        Executor, typer.Option(help="Run in this process, or on workers of this machine.")
    ] = "dask",
) -> None:
    """Sample, simulate, train, test out of distribution, measure, and write RUN/report/index.html."""
    from passband.execution.executors import ExecutorSpec
    from passband.study.load import load_study
    from passband.study.run import run_study

    outcome = run_study(load_study(study), root, ExecutorSpec(name=executor, workers=workers))
    page = root / "report" / "index.html"
    if outcome.changed or not page.exists():
        from passband.report.publish import publish

        page = publish(root)
    results.print(outcome.sentence)
    results.print(f"report: {page}")


@app.command()
def studies(
    show: Annotated[str | None, typer.Option(help="Print one study as YAML, to change and run.")] = None,
) -> None:
    """List the catalogue: networks, images seen, and about how long each takes on this machine."""
    from passband.execution.workers import default_workers
    from passband.study.catalogue import CATALOGUE
    from passband.study.load import study_yaml

    if show is not None:
        from passband.study.load import load_study

        sys.stdout.write(study_yaml(load_study(show)))
        return
    from rich.table import Table

    from passband.execution.progress import duration
    from passband.study.estimate import estimate

    cores = default_workers()
    table = Table("study", "networks", "scenes", "images seen", f"time on {cores} cores here, about")
    with messages.status("measuring this machine …"):
        for name, study in CATALOGUE.items():
            cost = estimate(study(), cores)
            counts = (f"{cost.networks:,}", f"{cost.scenes:,}", f"{cost.images_seen:,}")
            table.add_row(name, *counts, duration(cost.seconds))
    results.print(table)
    results.print("passband studies --show NAME prints one as YAML", highlight=False)


@app.command()
def status(root: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """What is done, what failed and why, from another terminal if need be."""
    from passband.study.status import status_lines

    for line in status_lines(root):
        results.print(line, markup=False, highlight=False)


@app.command()
def report(root: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Write the report again from the stored tables."""
    from passband.report.publish import publish

    results.print(f"report: {publish(root)}")
