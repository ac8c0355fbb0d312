"""Commands that run, list, watch and report studies."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from passband.cli.console import app, messages, results

if TYPE_CHECKING:
    from passband.study.study import Study

Executor = Literal["inline", "dask", "scheduler-file"]


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="A study of the catalogue, or the path of a YAML file.")],
    root: Annotated[Path, typer.Option(help="The run folder; the same command resumes what is there.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: one per core.")
    ] = None,
    executor: Annotated[
        Executor, typer.Option(help="In this process, on workers of this machine, or of a running scheduler.")
    ] = "dask",
    scheduler_file: Annotated[
        Path | None, typer.Option(help="The scheduler's file, for --executor scheduler-file.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="i/n: the i-th of n parts of the networks, to be merged later.")
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option(
            help="Published results, whose networks are left out: a long study in several sittings."
        ),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed networks again.")] = False,
    so_far: Annotated[
        bool,
        typer.Option(
            "--so-far",
            help="Train nothing more: tables, prediction and report of the networks that are there.",
        ),
    ] = False,
) -> None:
    """Sample, simulate, train, test out of distribution, measure, and write RUN/report/index.html."""
    from passband.execution.executors import ExecutorSpec
    from passband.records import parse_record
    from passband.study.accuracy import warnings_of
    from passband.study.load import load_study
    from passband.study.results import published_networks
    from passband.study.run import RunOptions, parsed_part, run_study

    chosen = {
        "name": executor,
        "workers": workers,
        "scheduler_file": None if scheduler_file is None else str(scheduler_file),
    }
    spec = parse_record(ExecutorSpec, chosen, "passband run")
    loaded = load_study(study)
    options = RunOptions(
        None if part is None else parsed_part(part),
        retry_failed,
        None if beside is None else published_networks(beside, loaded),
        so_far,
    )
    for warning in warnings_of(loaded):
        messages.print(f"note: {warning}", markup=False)
    outcome = run_study(loaded, root, spec, options)
    if options.is_partial:
        then = (
            "when all networks are there: passband merge OUT RUN1 RUN2 …"
            if beside is None
            else f"passband export-results {root} --to {beside} adds them to those that are there"
        )
        results.print(f"{'the rest' if part is None else f'part {part}'}: {outcome.sentence}\n{then}")
        return
    page = root / "report" / "index.html"
    if outcome.changed or not page.exists():
        page = _published(root)
    results.print(outcome.sentence)
    results.print(f"report: {page}")


@app.command()
def merge(
    out: Annotated[Path, typer.Argument(help="A new run folder.")],
    runs: Annotated[list[Path], typer.Argument(help="Run folders of parts of one study.")],
) -> None:
    """Join the run folders of a study that was spread over machines or sittings."""
    from passband.study.merge import merge_runs

    results.print(merge_runs(out, runs))


@app.command()
def stop(root: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Ask the run at work in a folder to stop, as Ctrl-C does, from any machine that sees the folder."""
    from passband.study.stop import stop_run

    results.print(stop_run(root))


@app.command()
def studies(
    show: Annotated[str | None, typer.Option(help="Print one study as YAML, to change and run.")] = None,
    explain: Annotated[
        str | None, typer.Option(help="How one study's number of networks comes about, and what it costs.")
    ] = None,
) -> None:
    """List the catalogue: networks, images seen, and about how long each takes on this machine."""
    from passband.execution.workers import default_workers
    from passband.study.load import load_study, study_yaml

    cores = default_workers()
    if show is not None:
        sys.stdout.write(study_yaml(load_study(show)))
    elif explain is not None:
        _explain(load_study(explain), cores)
    else:
        _list(cores)


def _list(cores: int) -> None:
    from rich.table import Table

    from passband.execution.progress import duration
    from passband.study.catalogue import CATALOGUE
    from passband.study.estimate import estimate

    table = Table("study", "networks", "scenes", "images seen", f"time on {cores} cores here, about")
    with messages.status("measuring this machine …"):
        for name, study in CATALOGUE.items():
            cost = estimate(study(), cores)
            counts = (f"{cost.networks:,}", f"{cost.scenes:,}", f"{cost.images_seen:,}")
            table.add_row(name, *counts, duration(cost.seconds))
    results.print(table)
    results.print("passband studies --show NAME prints one as YAML, --explain NAME its cost", highlight=False)


def _explain(study: "Study", cores: int) -> None:
    from rich.table import Column, Table

    from passband.execution.progress import duration
    from passband.study.estimate import H200_IMAGE_S, H200_STEP_S, estimate

    with messages.status("measuring this machine …"):
        cost = estimate(study, cores)
    heads = ("domains x rates x starts", "networks", "tests x structures", "one core here", "H200 *")
    table = Table(Column("series", no_wrap=True), *heads)
    for each in cost.series:
        own = each.series
        count = f"{len(own.train_on)} x {len(own.learning_rates)} x {own.random_starts}"
        tests = f"{len(own.test_on) // own.blocks} x {study.set_of(own.test_on[0]).test}"
        times = (duration(each.seconds), duration(each.h200_s))
        table.add_row(own.name, count, f"{own.n_networks:,}", tests, *times)
    table.add_row(f"{cost.scenes:,} scenes", "", "", "", duration(cost.scenes_s), "")
    table.add_row("prediction", "", "", "", duration(cost.tables.seconds), "")
    h200_s = sum(each.h200_s for each in cost.series)
    total = (f"{cost.networks:,}", "", duration(cost.core_seconds), duration(h200_s))
    table.add_row("all", "", *total, style="bold")
    results.print(table)
    results.print(
        f"on {cores} cores here about {duration(cost.seconds)}, by rates measured now", highlight=False
    )
    results.print(
        f"* assumed, not measured: {1e3 * H200_STEP_S:g} ms for a training step, {1e3 * H200_IMAGE_S:g} ms for a test "
        "image; scenes and prediction not counted",
        highlight=False,
    )


@app.command()
def status(root: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """What is done, what failed and why, from another terminal if need be."""
    from passband.study.status import status_lines

    for line in status_lines(root):
        results.print(line, markup=False, highlight=False)


@app.command()
def report(root: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Write the report again from the stored tables."""
    results.print(f"report: {_published(root)}")


def _published(root: Path) -> Path:
    from passband.report.publish import publish

    with messages.status("writing the report …"):
        return publish(root)
