"""From a field of view to its pixels: an even whole number of them, or none."""

from collections.abc import Iterator

from passband.errors import UserError
from passband.grid import Grid

_TOLERANCE = 1e-6
_FFT_FACTORS = (2, 3, 5, 7)


def field_grid(cell_A: tuple[float, float, float], sampling_A: float, key: str) -> Grid:
    """The grid of a field (x and y of a cell [Å]) with square pixels of this size [Å].

    The grid's pixel size is the field over the number of pixels; it may differ from the one given by 1e-6 of it.
    Raises UserError, with `key` as the place, where the field is not an even whole number of pixels.
    """
    width_A, height_A = cell_A[:2]
    columns, rows = (_even_count(size_A, sampling_A) for size_A in (width_A, height_A))
    if columns is None or rows is None:
        field = f"{width_A:g} x {height_A:g} Å"
        raise UserError(
            f"{key}: a field of {field} is not an even whole number of pixels of {sampling_A:g} Å; "
            + _remedy(width_A, height_A, sampling_A)
        )
    return Grid((rows, columns), width_A / columns)


def _even_count(size_A: float, sampling_A: float) -> int | None:
    count = 2 * round(size_A / sampling_A / 2)
    return count if count > 0 and abs(count * sampling_A / size_A - 1) < _TOLERANCE else None


def _remedy(width_A: float, height_A: float, sampling_A: float) -> str:
    wanted = width_A / sampling_A
    fitting = [n for n in _fft_friendly(wanted) if _even_count(height_A, width_A / n) is not None]
    if not fitting:
        return "give it a width and a height that are"
    best = min(fitting, key=lambda n: abs(n - wanted))
    return f"{width_A / best:.7g} Å would be, with {best} pixels"


def _fft_friendly(wanted: float) -> Iterator[int]:
    """Even numbers within 20 % of the wanted one that are products of 2, 3, 5 and 7."""
    for count in range(2 * int(0.4 * wanted), 2 * int(0.6 * wanted) + 4, 2):
        rest = count
        for factor in _FFT_FACTORS:
            while rest > 1 and rest % factor == 0:
                rest //= factor
        if rest == 1:
            yield count
