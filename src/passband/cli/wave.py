"""The command that writes a stored wave for other programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from passband.cli.console import app, results

Part = Literal["full", "particles"]


@app.command()
def wave(
    source: Annotated[
        Path, typer.Argument(help="RUN/waves.zarr/ID, a simulation's folder, or another wave.")
    ],
    out: Annotated[Path, typer.Option(help="A new file: .zarr for abTEM, .hspy or .zspy for HyperSpy.")],
    part: Annotated[Part, typer.Option(help="Which wave of a scene of passband.")] = "full",
) -> None:
    """Write a stored exit wave for abTEM or HyperSpy."""
    from passband.exchange.wave_file import export_wave

    results.print(export_wave(source, part, out), markup=False, highlight=False)
