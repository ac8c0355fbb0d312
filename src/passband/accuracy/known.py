"""What pixels and slices are known to cost: six materials were measured, the others are taken for heavier ones.

A material that was not measured counts as the worst of all measured ones up to the next heavier. Between measured steps
the error is interpolated as a power law; beyond the coarsest it is not known, and counts as infinite. An energy
between two measured ones counts as the worse of them, one above all as the highest. The table holds for Debye-Waller
factors and specimens of 4 nm; thicker ones scatter more often.
"""

from dataclasses import dataclass
from math import inf, log
from typing import Final, Literal

import numpy as np

from passband.accuracy.known_table import PIXELS_A, ROWS, SLICES_A, Row
from passband.accuracy.result import LIMIT
from passband.accuracy.verdict import percent

Orientation = Literal["film", "random", "zone axis"]
Step = Literal["pixels", "slices"]
_WORDS: Final[dict[Step, tuple[str, str]]] = {
    "pixels": ("simulation.sampling_A", "pixels"),
    "slices": ("simulation.slice_thickness_A", "slices"),
}
_LIES: Final[dict[Orientation, str]] = {
    "film": "",
    "random": " at random orientation",
    "zone axis": " on a zone axis",
}


@dataclass(frozen=True)
class Material:
    """The heaviest element of a specimen by its atomic number, its name, how crystals lie, and the energy [kV]."""

    heaviest: int
    name: str
    orientation: Orientation
    energy_kV: float


def known_row(material: Material) -> Row | None:
    """What stands for this material: itself where it was measured, else the worst of those up to the next heavier.

    None where nothing as heavy was measured, or nothing at so low an energy. A film heavier than carbon counts as
    randomly oriented crystals.
    """
    found = [row for energy_kV in _energies_kV(material) for row in _at_energy(material, energy_kV)]
    if not found:
        return None
    return _worst(found, max(found, key=lambda row: row.heaviest).material)


def _energies_kV(material: Material) -> list[float]:
    """The measured energy, or the two around it, or the highest below it; none below all."""
    measured = sorted({row.energy_kV for row in ROWS})
    below = [energy for energy in measured if energy <= material.energy_kV]
    above = [energy for energy in measured if energy >= material.energy_kV]
    return sorted({*below[-1:], *above[:1]}) if below else []


def _at_energy(material: Material, energy_kV: float) -> list[Row]:
    """The row of the material, or those of all up to the next heavier."""
    for lies in (
        (material.orientation, "random") if material.orientation == "film" else (material.orientation,)
    ):
        alike = [row for row in ROWS if (row.orientation, row.energy_kV) == (lies, energy_kV)]
        measured = [row for row in alike if row.material == material.name]
        heavier = [row.heaviest for row in alike if row.heaviest >= material.heaviest]
        if heavier:
            return measured or [row for row in alike if row.heaviest <= min(heavier)]
    return []


def _worst(rows: list[Row], name: str) -> Row:
    """The largest error at every step."""

    def worst(step: Step) -> tuple[float, ...]:
        return tuple(max(errors) for errors in zip(*(getattr(row, step) for row in rows), strict=True))

    return rows[-1]._replace(material=name, pixels=worst("pixels"), slices=worst("slices"))


def measured(row: Row, step: Step) -> list[tuple[float, float]]:
    """Sizes [Å] and the errors at them, from the finest on."""
    sizes_A, errors = (PIXELS_A, row.pixels) if step == "pixels" else (SLICES_A, row.slices)
    return sorted(zip(sizes_A, errors, strict=True))


def known_error(row: Row, step: Step, size_A: float) -> float:
    """Image error, as a share of the contrast, of pixels or slices of this size [Å]; inf beyond the coarsest."""
    points = measured(row, step)
    sizes_A, errors = zip(*points, strict=True)
    if size_A > sizes_A[-1] * (1 + 1e-6):
        return inf
    return float(np.exp(np.interp(log(size_A), np.log(sizes_A), np.log(errors))))


def converged_size_A(row: Row, step: Step, limit: float = LIMIT) -> float | None:
    """The coarsest measured size [Å] up to which every error stays within the limit; None where none does."""
    found = None
    for size_A, error in measured(row, step):
        if error > limit:
            break
        found = size_A
    return found


def warning(material: Material, step: Step, size_A: float) -> str | None:
    """One sentence where such pixels or slices cost this material more than LIMIT, or nothing is known; else None."""
    key, plural = _WORDS[step]
    row = known_row(material)
    if row is None:
        return (
            f"{key}: nothing is known of the error for {material.name} at {material.energy_kV:g} kV; "
            "passband simulate --check measures it"
        )
    error = known_error(row, step, size_A)
    if error <= LIMIT * (1 + 1e-9):
        return None
    finest = converged_size_A(row, step)
    remedy = f"{plural} of {finest:.3g} Å stay below {percent(LIMIT)}" if finest else "finer ones are needed"
    cost = (
        f"about {percent(error)}"
        if error < inf
        else f"more than {percent(max(e for _, e in measured(row, step)))}"
    )
    stand_in = "" if row.material == material.name else f" (by what was measured up to {row.material})"
    return (
        f"{key}: {plural} of {size_A:.3g} Å cost {cost} of the image contrast for {material.name}"
        f"{_LIES[material.orientation]}{stand_in}; "
        f"{remedy}; passband simulate --check measures it"
    )
