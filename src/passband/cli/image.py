"""The command that forms an image of a stored wave."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from passband.cli.console import app, results

Part = Literal["full", "particles"]


@app.command()
def image(
    wave: Annotated[
        Path, typer.Argument(help="abTEM's .zarr, .hspy, .zspy, RUN/waves.zarr/ID, or a simulation's folder.")
    ],
    imaging: Annotated[Path, typer.Option(help="Imaging conditions (YAML); see `passband microscopes`.")],
    out: Annotated[Path, typer.Option(help="Where to write the TIFF; a PNG and a record stand beside it.")],
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draw one condition, and shot noise; default: their mean.")
    ] = None,
    noise: Annotated[bool, typer.Option(help="Shot noise, where the imaging has a dose and a seed.")] = True,
    part: Annotated[Part, typer.Option(help="Which wave of a scene of passband.")] = "full",
    focus_offset_A: Annotated[
        float, typer.Option("--focus-offset-A", help="C10 that brings a foreign wave to zero defocus.")
    ] = 0.0,
    find_focus: Annotated[
        bool, typer.Option("--find-focus", help="Count defocus from the wave's plane of least contrast.")
    ] = False,
) -> None:
    """Form an image of a stored exit wave: float32 TIFF with its pixel size, and PNG with a scale bar."""
    from passband.exchange.image_file import ImageOptions, image_file
    from passband.study.load import load_imaging

    options = ImageOptions(seed, noise, part, focus_offset_A, find_focus)
    for line in image_file(wave, load_imaging(imaging), options, out, str(imaging)):
        results.print(line, markup=False, highlight=False)
