"""How large the pixels of an image are: from the file, or from the user, and what is odd about it."""

from dataclasses import dataclass
from math import isfinite
from typing import Final

from passband.errors import UserError
from passband.micrograph.image import has_square_pixels, size_in_words
from passband.micrograph.signals import Axis
from passband.micrograph.unit_names import UnitKind, parse_unit

SMALLEST_NM, LARGEST_NM = 1e-4, 1e4
"""Between a tenth of a picometre and ten micrometres; anything else is an error of a unit."""
LATTICE_NM: Final = 0.2
"""A usual spacing of fringes; two pixels must fit into it to show them."""
REMEDY: Final = "give it with --pixel-size-nm"


@dataclass(frozen=True)
class PixelSize:
    """Size of a pixel (y, x) [nm], where it was taken from, and what the user should know."""

    nm: tuple[float, float]
    origin: str
    notes: tuple[str, ...] = ()


def pixel_size(axes: tuple[Axis, ...], given_nm: float | None, name: str) -> PixelSize:
    """The pixel size from the axes (y, x) of a file, or the one that the user gives for both of them.

    Raises UserError where there is none, where its unit is no length, and where it is not plausible.
    """
    if given_nm is not None:
        _check_plausible(given_nm, f"--pixel-size-nm {given_nm:g}")
        return PixelSize(
            (given_nm, given_nm), "--pixel-size-nm", _overruled(axes, given_nm) + _coarse(given_nm)
        )
    y, x = (_length_nm(axis, name) for axis in axes)
    return PixelSize((y, x), _origin(axes), _not_square(axes, (y, x)) + _coarse(max(y, x)))


def _length_nm(axis: Axis, name: str) -> float:
    unit = parse_unit(axis.unit)
    if unit.kind is UnitKind.MISSING or not axis.scale or not isfinite(axis.scale):
        raise UserError(f"{name} does not say how large its pixels are; {REMEDY}")
    if unit.kind is not UnitKind.LENGTH:
        raise UserError(
            f"{name} gives its pixels as {axis.scale:g} {axis.unit[:40]}, which is no length; {REMEDY}"
        )
    length_nm = abs(axis.scale) * unit.nm
    _check_plausible(
        length_nm, f"{name}: a pixel of {axis.scale:g} {axis.unit}", f"; if it is wrong, {REMEDY}"
    )
    return length_nm


def _check_plausible(length_nm: float, what: str, remedy: str = "") -> None:
    if not SMALLEST_NM <= length_nm <= LARGEST_NM:
        raise UserError(f"{what} is not between {SMALLEST_NM:g} and {LARGEST_NM:g} nm{remedy}")


def _origin(axes: tuple[Axis, ...]) -> str:
    units = dict.fromkeys(axis.unit for axis in axes)
    return f"the file (in {' and '.join(units)})"


def _overruled(axes: tuple[Axis, ...], given_nm: float) -> tuple[str, ...]:
    sides = tuple(abs(axis.scale) * parse_unit(axis.unit).nm for axis in axes)
    stored = (sides[0], sides[1])
    if min(stored) <= 0 or max(abs(side / given_nm - 1) for side in stored) < 1e-3:
        return ()
    return (
        f"the file says {size_in_words(stored)} per pixel; {given_nm:g} nm is used instead, as you asked",
    )


def _not_square(axes: tuple[Axis, ...], nm: tuple[float, float]) -> tuple[str, ...]:
    if has_square_pixels(nm):
        return ()
    y, x = axes
    as_stored = f", stored as {y.scale:g} {y.unit} and {x.scale:g} {x.unit}" if y.unit != x.unit else ""
    remedy = "each axis is resampled by its own factor"
    return (f"the pixels are not square: {size_in_words(nm)}{as_stored}; {remedy}",)


def _coarse(length_nm: float) -> tuple[str, ...]:
    if 2 * length_nm <= LATTICE_NM:
        return ()
    needed = f"which needs {LATTICE_NM / 2:g} nm or less"
    return (f"a pixel of {length_nm:.4g} nm is too coarse for lattice contrast, {needed}",)
