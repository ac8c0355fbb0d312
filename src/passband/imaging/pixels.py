"""Pixels of the images, where they are not those of the stored wave: another magnification.

The intensity of a wave stored up to a frequency s reaches up to 2s. It is formed where nothing of it folds back
(``fine_grid``) and its spectrum is cut at the Nyquist frequency of the image's pixels: below s for larger pixels; for
smaller ones up to 2s, where the interference of scattered waves among each other still stands, while that with the
unscattered wave ends at s, with the wave. Cutting is the ideal end of the band. That a pixel integrates over its area
is said by the detector alone (``Detector.pixel_integration``); its curves are of the image's pixels where it names
none of its own. A pixel counts the electrons of its true area.

The field is kept, so it must hold a whole number of pixels. ``pixel_nm`` is written with a few digits: it counts as the
nearest size that divides the field, if it is off by less than a tenth of a pixel over the whole field.
"""

from math import ceil, floor
from typing import Final

from passband.errors import UserError
from passband.grid import Grid
from passband.units import A_to_nm

TOLERANCE_PX: Final = 0.1
"""By so many pixels the written size may miss the field."""
FINEST: Final = 0.5
"""Images have no finer pixels than this share of the wave's: |ψ|² holds nothing more."""


def image_grid(stored: Grid, pixel_A: float | None, multiple: int = 1, where: str = "pixel_nm") -> Grid:
    """The grid of the images of waves on a stored grid; None: the same.

    multiple: both sides must be multiples of so many pixels [px], as networks need it. Raises UserError, naming the
    place and the nearest sizes that fit, where the field holds no such number of pixels, or where they are finer
    than half the wave's.
    """
    if pixel_A is None:
        return stored
    wanted = stored.extent_A[1] / pixel_A
    count = round(wanted)
    if pixel_A < FINEST * stored.sampling_A * (1 - 1e-3):
        raise UserError(
            f"{where}: pixels of {A_to_nm(pixel_A):.4g} nm are finer than half of the {A_to_nm(stored.sampling_A):.4g} "
            f"nm of the wave, and there is nothing more to see; the finest are "
            f"{A_to_nm(FINEST * stored.sampling_A):.4g} nm"
        )
    if count < 1 or abs(wanted - count) > TOLERANCE_PX or not _fits(stored, count, multiple):
        sizes = " or ".join(
            f"{A_to_nm(stored.extent_A[1] / n):.4g}" for n in _nearest(stored, wanted, multiple)
        )
        of = f"a multiple of {multiple}" if multiple > 1 else "a whole number of"
        raise UserError(
            f"{where}: the field of {A_to_nm(stored.extent_A[1]):.4g} nm must hold {of} pixels, and it holds "
            f"{wanted:.2f} of {A_to_nm(pixel_A):.4g} nm; the nearest that fit are {sizes} nm"
        )
    if count == stored.shape[1]:
        return stored
    return Grid((count * stored.shape[0] // stored.shape[1], count), stored.extent_A[1] / count)


def _fits(stored: Grid, count: int, multiple: int) -> bool:
    """Whether so many pixels along x are a whole number of square ones along y too, and both are multiples."""
    ny, nx = stored.shape
    return count > 0 and count % multiple == 0 and count * ny % nx == 0 and count * ny // nx % multiple == 0


def _nearest(stored: Grid, wanted: float, multiple: int) -> list[int]:
    """The numbers of pixels next to a wanted one that fit, the larger pixel first."""
    most = floor(stored.shape[1] / FINEST)
    below = next((n for n in range(min(floor(wanted), most), 0, -1) if _fits(stored, n, multiple)), None)
    above = next((n for n in range(max(1, ceil(wanted)), most + 1) if _fits(stored, n, multiple)), None)
    return sorted({n for n in (below, above) if n is not None})
