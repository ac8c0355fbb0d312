"""The command that compares two imaging distributions."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from passband.cli.console import app, results

Weight = Literal["radial", "area", "specimen"]


@app.command()
def information(
    a: Annotated[Path, typer.Argument(help="Imaging distribution of the training images (YAML).")],
    b: Annotated[Path, typer.Argument(help="Imaging distribution of the test images (YAML).")],
    weight: Annotated[Weight, typer.Option(help="How spatial frequencies count.")] = "radial",
    waves: Annotated[
        Path | None, typer.Option(help="Run folder whose waves give the specimen's spectrum.")
    ] = None,
    q_max: Annotated[float, typer.Option(help="End of the band in 1/Å, the same for both.")] = 1.25,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """How much two imaging distributions transfer (ε), and how much of it they share (σ, coverage)."""
    from passband.study.compare import compare_files

    pair = compare_files(a, b, weight, q_max, waves)
    if as_json:
        sys.stdout.write(json.dumps(pair) + "\n")
        return
    for key, value in pair.items():
        results.print(f"{key:>18}  {value:.4f}" if isinstance(value, float) else f"{key:>18}  {value}")
