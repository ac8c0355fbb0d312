"""The command that lists microscopes."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from passband.cli.console import app, results

if TYPE_CHECKING:
    from passband.imaging.microscope_table import Microscope, Sourced

COLUMNS = (
    "microscope",
    "\nkV",
    "Cs\nµm",
    "Cc\nmm",
    "FWHM\neV",
    "focal\nspr.\nnm",
    "conv.\nmrad",
    "focus\nnm",
    "point\nres.\nÅ",
    "info.\nlimit\nÅ",
)
LEGEND = (
    "FWHM: of the energy; focal spr.: its standard deviation; conv.: 1/e half width of the illumination angle;",
    "focus: positive is underfocus, Scherzer's with √(4/3) √(Cs λ) where Cs has a mark; without one, Cs and focus",
    "are Lentzen's optimum for the information limit (E_t = e⁻²)",
    "✓ a document that was read states it; ? none does: put your own instrument's number there",
    "passband microscopes --show NAME prints one as YAML for passband information",
)


@app.command()
def microscopes(
    show: Annotated[
        str | None, typer.Option(help="Print the imaging of one as YAML, with a source for each number.")
    ] = None,
) -> None:
    """List known microscopes; ✓ marks a number that a document we have read states."""
    from passband.imaging.microscope_table import MICROSCOPES
    from passband.imaging.microscopes import imaging_yaml, microscope

    if show is not None:
        sys.stdout.write(imaging_yaml(microscope(show)))
        return
    from rich.box import SIMPLE
    from rich.table import Column, Table

    name = Column(COLUMNS[0], no_wrap=True)
    table = Table(name, *COLUMNS[1:], box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for each in MICROSCOPES:
        table.add_row(*_row(each))
    results.print(table)
    for line in LEGEND:
        results.print(line, highlight=False)


def _row(instrument: "Microscope") -> tuple[str, ...]:
    from passband.imaging.microscopes import setting

    stands, Cs = setting(instrument), instrument.Cs_mm
    return (
        instrument.name,
        f"{instrument.energy_kV:g}",
        f"{1e3 * stands.Cs_mm:.1f}" if Cs is None else f"{1e3 * Cs.value:.4g}{_mark(Cs)}",
        _marked(instrument.Cc_mm),
        _marked(instrument.energy_spread_eV),
        f"{stands.focal_spread_nm:.2f}",
        _marked(instrument.convergence_mrad),
        f"{stands.defocus_nm:.1f}",
        f"{stands.point_resolution_A:.2f}",
        f"{stands.information_limit_A:.2f}",
    )


def _marked(number: "Sourced") -> str:
    return f"{number.value:g}{_mark(number)}"


def _mark(number: "Sourced") -> str:
    return "✓" if number.verified else "?"
