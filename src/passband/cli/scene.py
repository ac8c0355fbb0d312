"""The command that writes the atoms of a scene."""

from pathlib import Path
from typing import Annotated

import typer

from passband.cli.console import app, results


@app.command()
def scene(
    study: Annotated[str, typer.Argument(help="A study of the catalogue, or the path of a YAML file.")],
    out: Annotated[Path, typer.Option(help="Where to write it: any format of ASE, such as scene.xyz.")],
    structures: Annotated[
        str | None, typer.Option(help="Which structures of the study; default: the first.")
    ] = None,
    index: Annotated[int, typer.Option(min=0, help="The n-th test scene.")] = 0,
) -> None:
    """Write the atoms of one scene of a study, to look at them elsewhere."""
    from passband.study.export import export_scene

    results.print(export_scene(study, structures, index, out))
