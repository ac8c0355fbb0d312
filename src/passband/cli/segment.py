"""The command that segments a micrograph."""

from pathlib import Path
from typing import Annotated

import typer

from passband.cli.console import app, messages, results


@app.command()
def segment(
    file: Annotated[Path, typer.Argument(help=".dm3 .dm4 .emd .ser .emi .mrc .tif .png")],
    network: Annotated[Path, typer.Option(help="RUN/networks/ID")],
    pixel_size_nm: Annotated[float | None, typer.Option(help="When the file does not say it.")] = None,
    frame: Annotated[int | None, typer.Option(min=0, help="Which image of a stack.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; default: FILE_segmented.")] = None,
    resample: Annotated[bool, typer.Option(help="Bring the image to the network's pixel size.")] = True,
    save_probability: Annotated[bool, typer.Option(help="Write the probability too, as TIFF.")] = False,
    device: Annotated[str, typer.Option(help="Where the network works: cpu, cuda, cuda:1 ...")] = "cpu",
) -> None:
    """Segment a micrograph of your own: mask, overlay, and particle sizes in nm."""
    from rich.progress import Progress

    from passband.micrograph.segment_file import SegmentOptions, segment_file

    options = SegmentOptions(pixel_size_nm, frame, resample, save_probability, device)
    folder = out or file.with_name(f"{file.name}_segmented")
    with Progress(console=messages, transient=True) as shown:
        tiles = shown.add_task("tiles", total=None)
        told = segment_file(
            file,
            network,
            options,
            folder,
            lambda done, total: shown.update(tiles, completed=done, total=total),
        )
    for line in told.lines():
        results.print(line, markup=False, highlight=False)
