"""Microscopes as data: every number with where it comes from, and whether a document that was read says so.

``verified`` is True only where a document that we have read states the number. The manufacturers' data sheets were not
to be had; numbers that should stand in them are marked as not verified: put your own instrument's there. The energy
spreads are those of the kind of gun, taken as full widths at half maximum, which their source does not say.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from passband.records import Record


class Sourced(Record):
    """A number, in the unit of its key, with its source; verified: a document that was read states it."""

    value: float
    source: str
    verified: bool = False


Positive = Annotated[float, Field(gt=0)]


class Supplies(Record):
    """Standard deviations of high tension and of lens current, in 1e-6 of their values (ppm)."""

    voltage_ripple_ppm: Sourced
    current_ripple_ppm: Sourced


class Microscope(Record):
    """What an imaging distribution needs to know of an instrument.

    Cs_mm: None for an instrument with a corrector, whose Cs is free; ``cs_sign`` is the sign that it is set to.
    Cc_mm: chromatic aberration. energy_spread_eV: full width at half maximum. convergence_mrad: 1/e
    half width of the illumination angle in usual work. published_resolution_A: what is said of it; only shown.
    """

    name: str
    description: str
    energy_kV: Positive
    Cs_mm: Sourced | None
    cs_sign: Literal[-1, 1] = 1
    Cc_mm: Sourced
    energy_spread_eV: Sourced
    supplies: Supplies
    convergence_mrad: Sourced
    published_resolution_A: Sourced | None = None


_GUNS: Final = "lecture 'Electron Guns' (MENA3100, scribd.com presentation 347296772)"
LAB6: Final = Sourced(
    value=1.0, source=f"LaB6: {_GUNS}; K. Kimoto et al., Micron 36 (2005) 185: above 1 eV", verified=True
)
SCHOTTKY: Final = Sourced(
    value=0.75, source=f"Schottky: {_GUNS}; globalsino.com/EM/page3259: 0.6 to 0.8 eV", verified=True
)
COLD: Final = Sourced(
    value=0.35, source=f"cold field emission: {_GUNS}; elecmi.es, JEM ARM200cF: below 0.5 eV", verified=True
)
"""Energy spreads [eV] by the kind of gun."""


def _sheet(value: float) -> Sourced:
    return Sourced(value=value, source="manufacturer's data sheet, not seen")


def _assumed(value: float, why: str) -> Sourced:
    return Sourced(value=value, source=f"ours: {why}")


_MONOCHROMATED: Final = _assumed(0.15, "a monochromator in usual work, no document seen")
_RIPPLE: Final = _assumed(0.3, "a third of the 1 ppm from peak to peak that such supplies usually promise")
_RIPPLES: Final = Supplies(voltage_ripple_ppm=_RIPPLE, current_ripple_ppm=_RIPPLE)
_LOW: Final = _assumed(0.1, "the best supplies there are, no document seen")
_QUIET: Final = Supplies(voltage_ripple_ppm=_LOW, current_ripple_ppm=_LOW)
_WIDE: Final = _assumed(0.6, "a thermionic gun, spread for a usual dose rate")
_PARALLEL: Final = _assumed(0.3, "a field emission gun, spread for a usual dose rate")

MICROSCOPES: Final = (
    Microscope(
        name="lab6-200",
        description="200 kV, LaB6, uncorrected, high-resolution pole piece (like a JEM-2100 HR)",
        energy_kV=200,
        Cs_mm=_sheet(1.0),
        Cc_mm=_sheet(1.4),
        energy_spread_eV=LAB6,
        published_resolution_A=_sheet(2.3),
        supplies=_RIPPLES,
        convergence_mrad=_WIDE,
    ),
    Microscope(
        name="tecnai-f20-s-twin",
        description="200 kV, Schottky gun, uncorrected (Tecnai F20 with the S-TWIN lens)",
        energy_kV=200,
        Cs_mm=Sourced(
            value=1.2,
            source="reference value of this project: Tecnai F20 S-TWIN, 1.2 mm and 0.24 nm",
            verified=True,
        ),
        Cc_mm=_sheet(1.2),
        energy_spread_eV=SCHOTTKY,
        published_resolution_A=Sourced(
            value=2.4, source="reference value of this project: Tecnai F20 S-TWIN", verified=True
        ),
        supplies=_RIPPLES,
        convergence_mrad=_PARALLEL,
    ),
    Microscope(
        name="uhr-200",
        description="200 kV, Schottky gun, uncorrected, ultra-high-resolution pole piece (like a JEM-2100F UHR)",
        energy_kV=200,
        Cs_mm=_sheet(0.5),
        Cc_mm=_sheet(1.1),
        energy_spread_eV=SCHOTTKY,
        published_resolution_A=_sheet(1.9),
        supplies=_RIPPLES,
        convergence_mrad=_PARALLEL,
    ),
    Microscope(
        name="feg-300",
        description="300 kV, Schottky gun, uncorrected (like a Tecnai F30 or Titan with the S-TWIN lens)",
        energy_kV=300,
        Cs_mm=_sheet(1.2),
        Cc_mm=_sheet(1.4),
        energy_spread_eV=SCHOTTKY,
        published_resolution_A=_sheet(2.0),
        supplies=_RIPPLES,
        convergence_mrad=_PARALLEL,
    ),
    Microscope(
        name="corrected-300",
        description="300 kV, Schottky gun, image corrector set to positive Cs (like a Titan 80-300)",
        energy_kV=300,
        Cs_mm=None,
        Cc_mm=_sheet(1.4),
        energy_spread_eV=SCHOTTKY,
        published_resolution_A=_sheet(0.8),
        supplies=_RIPPLES,
        convergence_mrad=_PARALLEL,
    ),
    Microscope(
        name="negative-cs-300",
        description="300 kV, Schottky gun, image corrector set to negative Cs with overfocus: bright atoms",
        energy_kV=300,
        Cs_mm=None,
        cs_sign=-1,
        Cc_mm=_sheet(1.4),
        energy_spread_eV=SCHOTTKY,
        published_resolution_A=_sheet(0.8),
        supplies=_RIPPLES,
        convergence_mrad=_PARALLEL,
    ),
    Microscope(
        name="monochromated-300",
        description="300 kV, monochromator, image corrector set to negative Cs (like TEAM 0.5)",
        energy_kV=300,
        Cs_mm=None,
        cs_sign=-1,
        Cc_mm=_assumed(1.6, "near that of other lenses of its kind, no document seen"),
        energy_spread_eV=_MONOCHROMATED,
        published_resolution_A=Sourced(
            value=0.5, source="TEAM 0.5, half an ångström (nextbigfuture.com, January 2008)", verified=True
        ),
        supplies=_QUIET,
        convergence_mrad=_PARALLEL,
    ),
    Microscope(
        name="corrected-80",
        description="80 kV, Schottky gun, image corrector set to negative Cs (like a Titan 80-300 at 80 kV)",
        energy_kV=80,
        Cs_mm=None,
        cs_sign=-1,
        Cc_mm=_sheet(1.4),
        energy_spread_eV=SCHOTTKY,
        supplies=_RIPPLES,
        convergence_mrad=_PARALLEL,
    ),
    Microscope(
        name="monochromated-80",
        description="80 kV, monochromator, image corrector set to negative Cs",
        energy_kV=80,
        Cs_mm=None,
        cs_sign=-1,
        Cc_mm=_sheet(1.4),
        energy_spread_eV=_MONOCHROMATED,
        supplies=_RIPPLES,
        convergence_mrad=_PARALLEL,
    ),
    Microscope(
        name="cold-200",
        description="200 kV, cold field emission, image corrector set to negative Cs (like a JEM-ARM200F)",
        energy_kV=200,
        Cs_mm=None,
        cs_sign=-1,
        Cc_mm=_sheet(1.4),
        energy_spread_eV=COLD,
        published_resolution_A=_sheet(1.1),
        supplies=_RIPPLES,
        convergence_mrad=_PARALLEL,
    ),
)
"""The microscopes; names are for the command line and for studies."""
