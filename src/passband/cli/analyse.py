"""Commands from results to what may be said of prediction."""

import json
import sys
from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from passband.cli.console import app, messages, results

if TYPE_CHECKING:
    from rich.table import Table


@app.command()
def analyse(
    root: Annotated[Path, typer.Argument(help="A run folder, or a folder of published results.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object only.")] = False,
    fitted_on: Annotated[
        list[Path] | None,
        typer.Option(
            help="Another such folder: models are fitted on it, or on several together, frozen, and judged here once."
        ),
    ] = None,
) -> None:
    """How well performance in new domains is foretold, against everything simpler, with intervals."""
    from passband.execution.progress import StageProgress
    from passband.study.prediction import as_data, series_data, verdicts
    from passband.study.results import open_results

    watcher = StageProgress("fitting and leaving out", "predictors", messages)
    found = verdicts(open_results(root), [open_results(each) for each in fitted_on or ()], watcher)
    if as_json:
        sys.stdout.write(json.dumps(as_data(found), allow_nan=False) + "\n")
        return
    for verdict in found:
        _print(verdict.series, series_data(verdict))


@app.command()
def export_results(
    root: Annotated[Path, typer.Argument(help="A run folder.")],
    to: Annotated[Path, typer.Option(help="The folder of results; new, or of the same study.")],
) -> None:
    """Add what a run has found to a folder of small tables that can be committed; weights stay behind."""
    from passband.study.export_results import export_results as export

    results.print(export(root, to), highlight=False)


@app.command()
def remeasure(
    published: Annotated[Path, typer.Argument(help="A folder of published results.")],
    root: Annotated[Path, typer.Option(help="A run folder for the waves of the training structures.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: one per core.")
    ] = None,
) -> None:
    """Make the measures of published results anew, with this version of passband; no network is trained."""
    from passband.execution.executors import ExecutorSpec
    from passband.study.export_results import export_measures
    from passband.study.results import published_study
    from passband.study.run import RunOptions, run_study

    spec = ExecutorSpec(name="dask", workers=workers)
    run_study(published_study(published), root, spec, RunOptions(measures_only=True))
    results.print(export_measures(root, published), highlight=False)


def _print(series: str, told: Mapping[str, Any]) -> None:
    """The verdict of one series: a table and a sentence for each contest, and what no prediction can pass."""
    from passband.report.prediction import (
        CONTESTS,
        contest_of,
        contest_sentence,
        limit_sentences,
        simulation_sentence,
    )

    results.print(f"[bold]{series}[/bold]: {told['networks']:,} networks", highlight=False)
    for note in told["notes"]:
        results.print(f"note: {note}", markup=False, highlight=False)
    for name, title in CONTESTS.items():
        contest, frozen = contest_of(told, name)
        results.print(f"\n[bold]{title}[/bold]", highlight=False)
        if contest["refused"] is None:
            results.print(_table(contest))
        for sentence in (contest_sentence(contest, frozen), simulation_sentence(contest)):
            if sentence:
                results.print(sentence, markup=False, highlight=False)
    results.print()
    for line in limit_sentences(told["limits"]):
        results.print(line, markup=False, highlight=False)


def _table(contest: Mapping[str, Any]) -> "Table":
    from rich.box import SIMPLE
    from rich.table import Column, Table

    from passband.report.prediction import in_order, predictor_words
    from passband.report.wording import interval, number

    heads = ("error", "90% interval", "R²", "rank", "p")
    table = Table("predictor", *(Column(head, justify="right", no_wrap=True) for head in heads), box=SIMPLE)
    for each in in_order(contest):
        low, high = (nan if end is None else end for end in each["mae_interval"])
        rest = [nan if each[key] is None else each[key] for key in ("r2", "spearman_within", "p_adjusted")]
        words = predictor_words(each["name"]) + (" (ours)" if each["ours"] else "")
        row = (number(each["mae"], 4), interval(low, high, 4), *(number(value, 3) for value in rest))
        table.add_row(words, *row, style="bold" if each["name"] == contest["primary"] else "")
    return table
