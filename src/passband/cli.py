"""The command line: thin. It reads arguments, calls one function of a room, and prints what comes back.

Heavy imports stand inside the commands, so that `passband --help` answers at once. A UserError becomes one sentence on
stderr and exit code 2; an interruption says how to go on and exits with 130.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from passband import __version__
from passband.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Will a network trained on HRTEM images of one imaging condition work at another?",
)
_out = Console(soft_wrap=True)
_err = Console(stderr=True, soft_wrap=True, highlight=False)

Executor = Literal["inline", "dask"]
Weight = Literal["radial", "area", "specimen"]


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
    _out.print(outcome.sentence)
    _out.print(f"report: {page}")


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
    with _err.status("measuring this machine …"):
        for name, study in CATALOGUE.items():
            cost = estimate(study(), cores)
            counts = (f"{cost.networks:,}", f"{cost.scenes:,}", f"{cost.images_seen:,}")
            table.add_row(name, *counts, duration(cost.seconds))
    _out.print(table)
    _out.print("passband studies --show NAME prints one as YAML", highlight=False)


@app.command()
def status(root: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """What is done, what failed and why, from another terminal if need be."""
    from passband.study.status import status_lines

    for line in status_lines(root):
        _out.print(line, markup=False, highlight=False)


@app.command()
def report(root: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Write the report again from the stored tables."""
    from passband.report.publish import publish

    _out.print(f"report: {publish(root)}")


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
        _out.print(f"{key:>18}  {value:.4f}" if isinstance(value, float) else f"{key:>18}  {value}")


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

    _out.print(export_scene(study, structures, index, out))


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
    with Progress(console=_err, transient=True) as shown:
        tiles = shown.add_task("tiles", total=None)
        told = segment_file(
            file,
            network,
            options,
            folder,
            lambda done, total: shown.update(tiles, completed=done, total=total),
        )
    for line in told.lines():
        _out.print(line, markup=False, highlight=False)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        _out.print(f"passband {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the command `passband`."""
    try:
        app()
    except UserError as error:
        _err.print(f"passband: {error}", markup=False)
        raise SystemExit(error.exit_code) from None
