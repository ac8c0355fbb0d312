"""The command that simulates one scene, and says what each of its settings costs in accuracy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from passband.cli.console import app, messages, results

if TYPE_CHECKING:
    from passband.accuracy.check import Watcher
    from passband.accuracy.result import Check
    from passband.exchange.atoms import AtomsOptions

STANDARD = "Default of this and the next four: the study's, or those of passband studies --show demo."


@app.command()
def simulate(
    source: Annotated[
        str, typer.Argument(help="A study (catalogue or YAML), or atoms: .xyz .cif .pdb .vasp")
    ],
    out: Annotated[Path, typer.Option(help="A new folder, or that of an earlier simulation.")],
    imaging: Annotated[
        Path | None, typer.Option(help="Imaging YAML; default: the study's first domain.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Say what each setting costs in accuracy.")] = False,
    budget: Annotated[float, typer.Option(min=1, help="CPU seconds that the check may take, about.")] = 150,
    structures: Annotated[str | None, typer.Option(help="Which structures of a study.")] = None,
    index: Annotated[
        int | None, typer.Option(min=0, help="The n-th test scene of a study, from 0, the default.")
    ] = None,
    energy_kV: Annotated[float | None, typer.Option("--energy-kV", help=STANDARD)] = None,
    sampling_A: Annotated[
        float | None, typer.Option("--sampling-A", help="Pixel of the simulation in Å.")
    ] = None,
    stored_sampling_A: Annotated[
        float | None, typer.Option("--stored-sampling-A", help="Pixel that is kept, in Å.")
    ] = None,
    slice_thickness_A: Annotated[float | None, typer.Option("--slice-thickness-A", help="In Å.")] = None,
    frozen_phonons: Annotated[int | None, typer.Option(help="0: Debye-Waller factors instead.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of the frozen phonons of atoms from a file; default: 0.")
    ] = None,
    field_nm: Annotated[
        float | None, typer.Option(help="Field to fill with a unit cell from a file.")
    ] = None,
    thickness_nm: Annotated[float | None, typer.Option(help="Thickness to fill with a unit cell.")] = None,
    zone_axis: Annotated[tuple[int, int, int], typer.Option(help="Of a unit cell, along the beam.")] = (
        0,
        0,
        1,
    ),
    support: Annotated[
        list[str] | None, typer.Option(help="An element of a file that is the support.")
    ] = None,
    wave_format: Annotated[
        str | None, typer.Option(help="Write the wave for abtem, hspy or zspy too.")
    ] = None,
) -> None:
    """Simulate one scene: exit waves, an image, and with --check what each setting costs in accuracy."""
    from passband.report.check import check_files
    from passband.study.simulate import Checking, simulate_to
    from passband.study.simulation_folder import wave_format_of
    from passband.study.specimens import Request

    settings = {
        "energy_kV": energy_kV,
        "sampling_A": sampling_A,
        "stored_sampling_A": stored_sampling_A,
        "slice_thickness_A": slice_thickness_A,
        "frozen_phonons": frozen_phonons,
    }
    request = Request(
        source=source,
        structures=structures,
        index=index,
        imaging=imaging,
        settings={key: value for key, value in settings.items() if value is not None},
        placing=_placing(field_nm, thickness_nm, zone_axis, support),
        seed=seed,
    )
    written_for = wave_format_of(wave_format)
    with _progress(check) as watcher:
        checking = Checking(budget, check_files, watcher) if check else None
        outcome = simulate_to(out, request, checking, written_for)
    for line in outcome.lines:
        results.print(line, markup=False, highlight=False)
    if outcome.check:
        _print_check(outcome.check)
        results.print(f"page: {out / 'check.html'}", markup=False, highlight=False)


def _placing(
    field_nm: float | None,
    thickness_nm: float | None,
    zone_axis: tuple[int, int, int],
    support: list[str] | None,
) -> "AtomsOptions":
    from passband.exchange.atoms import AtomsOptions
    from passband.records import parse_record

    given: dict[str, Any] = {
        "field_nm": field_nm,
        "thickness_nm": thickness_nm,
        "zone_axis": zone_axis,
        "support_elements": tuple(support or ()),
    }
    return parse_record(AtomsOptions, given, "options")


@contextmanager
def _progress(shown: bool) -> Iterator["Watcher"]:
    """A bar with the remaining time, in a terminal; a line for each step elsewhere."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=messages, transient=True, disable=not shown) as bar:
        task = bar.add_task("the exit wave", total=None)

        def watch(doing: str, done_s: float, total_s: float) -> None:
            bar.update(task, description=doing, completed=done_s, total=total_s)
            if not messages.is_terminal:
                messages.print(f"check: {doing} ({done_s:.0f} of about {total_s:.0f} s)", markup=False)

        yield watch


def _print_check(found: "Check") -> None:
    from rich.table import Table

    from passband.accuracy.verdict import COLUMNS, rows, sentences, verdict

    table = Table(*COLUMNS)
    before = ""
    for cells in rows(found):
        table.add_row(
            cells[0] if cells[0] != before else "", *cells[1:], style="bold" if "(yours)" in cells[1] else ""
        )
        before = cells[0]
    results.print(table)
    for line in (verdict(found), *sentences(found)):
        results.print(line, markup=False, highlight=False)
