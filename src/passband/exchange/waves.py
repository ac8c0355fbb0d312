"""Exit waves in the files of other programs: abTEM's .zarr, HyperSpy's .hspy and .zspy."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from passband.errors import UserError
from passband.exchange.abtem_waves import load_abtem_wave, save_abtem_wave
from passband.exchange.hyperspy_waves import check_hyperspy_writer, load_hyperspy_wave, save_hyperspy_wave
from passband.wave import ExitWave

_READERS: Final[dict[str, Callable[[Path, float], ExitWave]]] = {
    ".zarr": load_abtem_wave,
    ".hspy": load_hyperspy_wave,
    ".zspy": load_hyperspy_wave,
}
_WRITERS: Final[dict[str, Callable[[Path, ExitWave, Mapping[str, Any]], None]]] = {
    ".zarr": save_abtem_wave,
    ".hspy": save_hyperspy_wave,
    ".zspy": save_hyperspy_wave,
}
F = TypeVar("F")


def load_wave(path: Path, focus_offset_A: float = 0.0) -> ExitWave:
    """An exit wave that abTEM (.zarr) or `save_wave` (.zarr, .hspy, .zspy) wrote, on the CPU.

    focus_offset_A: the C10 [Å] that brings the field to its plane of zero defocus, added to what the file says; the
    files of abTEM do not say it, and 0 means that defocus counts from the plane in which the wave stands.
    Raises UserError for another suffix, or a file that is missing, damaged, too large, or holds no exit wave.
    """
    return _chosen(_READERS, path)(path.resolve(), focus_offset_A)


def save_wave(path: Path, wave: ExitWave, told: Mapping[str, Any]) -> None:
    """Write an exit wave, by the suffix: .zarr for abTEM, .hspy or .zspy for HyperSpy; whole or not at all.

    told: plain data (ids, settings, versions), kept in the file. What stood at the path is replaced. Raises UserError
    for another suffix, and when the disk does not take it; ValueError for anything but plain, finite data.
    """
    json.dumps(dict(told), allow_nan=False)
    _chosen(_WRITERS, path)(path, wave, told)


def check_writer(path: Path) -> None:
    """Raises UserError where `save_wave` could not write such a file: its suffix, or a library that is missing."""
    _chosen(_WRITERS, path)
    check_hyperspy_writer(path)


def _chosen(functions: Mapping[str, F], path: Path) -> F:
    if path.suffix not in functions:
        raise UserError(
            f"{path.name} is no file of an exit wave; its name has to end in {', '.join(functions)}"
        )
    return functions[path.suffix]
