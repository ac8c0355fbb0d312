"""The command that foretells how networks of a run will do under other imaging conditions."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passband.cli.console import app, messages, results
from passband.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table


@app.command()
def foretell(
    root: Annotated[Path, typer.Argument(help="A run folder: its networks, their domains and waves.")],
    targets: Annotated[list[Path], typer.Argument(help="Imaging distributions to come (YAML).")],
    fitted_on: Annotated[
        list[Path],
        typer.Option(help="Results that models are fitted on, say results/imaging-wide; may be given again."),
    ],
    structures: Annotated[
        str | None,
        typer.Option(help="Which of the run's structures the targets show; default: those trained on."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object only.")] = False,
) -> None:
    """What networks of a run will reach under conditions that nobody has recorded yet: Dice with an interval."""
    from passband.execution.progress import StageProgress
    from passband.study.foretelling import foretell as foretold
    from passband.study.load import load_imaging

    named = {path.stem: load_imaging(path) for path in targets}
    if len(named) < len(targets):
        raise UserError(
            "two targets have the same file name; give each one of its own, since it names the target"
        )
    watcher = StageProgress("measuring and fitting", "steps", messages)
    found = foretold(root, named, fitted_on, structures, watcher)
    if as_json:
        sys.stdout.write(json.dumps({"pairs": found.to_dict("records")}, allow_nan=False) + "\n")
        return
    from passband.report.prediction import foretelling_sentences

    results.print(_table(found))
    for sentence in foretelling_sentences(found):
        results.print(sentence, markup=False, highlight=False)


def _table(found: "pd.DataFrame") -> "Table":
    from rich.box import SIMPLE
    from rich.table import Column, Table

    from passband.report.prediction import STRANGE
    from passband.report.wording import interval, number, typographic

    heads = ("Dice at home", "foretold", "90% interval")
    columns = [Column(head, justify="right", no_wrap=True) for head in heads]
    table = Table("trained on", "target", *columns, Column("", no_wrap=True), box=SIMPLE)
    for row in found.to_dict("records"):
        ends = max(0.0, row["foretold"] - row["half_width"]), min(1.0, row["foretold"] + row["half_width"])
        table.add_row(
            typographic(row["train_id"]),
            typographic(row["test_id"]),
            number(row["home_dice"]),
            number(row["foretold"]),
            interval(*ends),
            "?" if row["strangeness"] > STRANGE else "",
        )
    return table
