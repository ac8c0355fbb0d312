"""MRC, .mrc: a header of 1024 bytes, an optional extended one, then the pixels, mapped from the file.

Pixel size: the cell [Å] over the number of intervals along x, y; a zero cell means that it was never set.
FEI's extended header (128 bytes per image) gives metres instead. Modes beyond MRC2014: 12 is half precision.
Reference: A. Cheng et al., J. Struct. Biol. 192, 146 (2015), MRC2014.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from passband.micrograph.signals import StoredSignal, axes_of, frame_reader

HEADER_BYTES: Final = 1024
MODES: Final = {0: "i1", 1: "i2", 2: "f4", 4: "c8", 6: "u2", 12: "f2"}
FEI_BYTES: Final = 128 * 1024
FEI_PIXEL_SIZE_AT: Final = HEADER_BYTES + 11 * 4


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    pixel_size_A: tuple[float, float]


@contextmanager
def open_signals(path: Path) -> Iterator[list[StoredSignal]]:
    """The one image or stack of an MRC file."""
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES + 128)
    header = _parse(head)
    samples = int(np.prod(header.shape, dtype=object))
    if header.offset + samples * header.dtype.itemsize > path.stat().st_size:
        raise ValueError(f"it declares {header.shape} samples of {header.dtype}, more than the file holds")

    def read_frame(index: int) -> Any:
        pixels = np.memmap(path, header.dtype, mode="r", offset=header.offset, shape=header.shape)
        return frame_reader(pixels)(index)

    axes = axes_of(header.shape, header.pixel_size_A, ("Å", "Å"))
    yield [StoredSignal(path.stem, header.dtype, axes, read_frame)]


def _parse(head: bytes) -> _Header:
    if len(head) < HEADER_BYTES:
        raise ValueError(f"it has {len(head)} bytes, and a header has {HEADER_BYTES}")
    order = _byte_order(head)
    nx, ny, nz, mode = struct.unpack_from(order + "4i", head, 0)
    mx, my = struct.unpack_from(order + "2i", head, 28)
    cell_x, cell_y = struct.unpack_from(order + "2f", head, 40)
    extended = struct.unpack_from(order + "i", head, 92)[0]
    if min(nx, ny, nz) < 1 or extended < 0 or mode not in MODES:
        raise ValueError(f"it declares {nx} x {ny} x {nz} samples of mode {mode}")
    pixel_size_A = (cell_y / my if my > 0 else 0.0, cell_x / mx if mx > 0 else 0.0)
    if extended == FEI_BYTES and head[208:212] != b"MAP ":
        fei_A = 1e10 * struct.unpack_from(order + "f", head, FEI_PIXEL_SIZE_AT)[0]
        pixel_size_A = (fei_A, fei_A) if fei_A > 0 else pixel_size_A
    shape = (nz, ny, nx) if nz > 1 else (ny, nx)
    return _Header(shape, np.dtype(order + MODES[mode]), HEADER_BYTES + extended, pixel_size_A)


def _byte_order(head: bytes) -> str:
    """'<' or '>': the order in which the mode is a small number; the machine stamp is often unset."""
    little = struct.unpack_from("<4i", head, 0)
    return "<" if 0 <= little[3] < 256 else ">"
