"""FEI / Thermo Fisher TIA: an .emi header and one .ser file of pixels per display, read by RosettaSciIO.

The .ser files are checked here first: RosettaSciIO loads all elements at once, of the sizes that the file
declares. Whether the microscope was in diffraction mode stands in the .emi only, so it is looked for beside a
.ser.
Layout: C. Boothroyd, "The TIA .ser file format" (2011); little-endian.
"""

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np

from passband.errors import UserError
from passband.micrograph.formats.rosetta import read_with_rosetta
from passband.micrograph.signals import StoredSignal, axes_of, frame_reader

SPECTRA, IMAGES = 0x4120, 0x4122
ELEMENT_BYTES: Final = {1: 1, 2: 2, 3: 4, 4: 1, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8, 10: 16}
LARGEST_SERIES: Final = 2**30
"""Bytes; RosettaSciIO loads a series as a whole."""
LARGEST_HEADER: Final = 2**26
"""Bytes of an .emi file that are searched for the mode of the microscope."""


@contextmanager
def open_signals(path: Path) -> Iterator[list[StoredSignal]]:
    """The series of a .ser file, or those of all .ser files that belong to an .emi."""
    companions = companions_of(path) if path.suffix.lower() == ".emi" else [path]
    yield [signal for companion in companions for signal in _signals_of_ser(companion)]


def companions_of(emi: Path) -> list[Path]:
    """The .ser files with the pixels of an .emi; raises UserError naming the first where none is there."""
    numbered = re.compile(re.escape(emi.stem) + r"_(\d{1,4})\.ser", re.IGNORECASE)
    found = sorted(path for path in emi.parent.iterdir() if numbered.fullmatch(path.name))
    if not found:
        raise UserError(
            f"{emi.name} is only a header: its pixels are in a companion file, and {emi.stem}_1.ser is "
            f"missing in {emi.parent}; put it beside the .emi"
        )
    return found


def _signals_of_ser(path: Path) -> list[StoredSignal]:
    check_series(path)
    in_diffraction = _in_diffraction(path)
    return [_signal(path, entry, in_diffraction) for entry in read_with_rosetta("tia", path, lazy=False)]


def _signal(path: Path, entry: dict[str, Any], in_diffraction: bool) -> StoredSignal:
    pixels: np.ndarray[Any, Any] = np.asarray(entry["data"])
    axes = entry["axes"]
    units = [str(axis["units"] or "") for axis in axes]
    if in_diffraction:
        units[-2:] = ["1/nm", "1/nm"]
    full = axes_of(pixels.shape, [axis["scale"] for axis in axes], units)
    return StoredSignal(path.stem, pixels.dtype, full, frame_reader(pixels))


def _in_diffraction(ser: Path) -> bool:
    """Whether the .emi beside a .ser, if there is one, says that the microscope was in diffraction mode."""
    emi = ser.with_name(re.sub(r"_\d+$", "", ser.stem) + ".emi")
    if not emi.is_file():
        return False
    with emi.open("rb") as file:
        mode = re.search(rb"<Label>Mode</Label>\s*<Value>([^<]{0,200})", file.read(LARGEST_HEADER))
    return mode is not None and b"diffraction" in mode[1].lower()


def check_series(path: Path) -> None:
    """Raises where a .ser file declares more than it holds, and UserError where that is more than is read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(2**16)
        order, series, version = struct.unpack_from("<HHH", head, 0)
        if (order, series) != (0x4949, 0x0197):
            raise ValueError("it does not begin like a .ser file")
        data_type, _, total, valid = struct.unpack_from("<IIII", head, 6)
        wide = version > 0x0210
        table_at, n_dimensions = struct.unpack_from("<QI" if wide else "<II", head, 22)
        dimensions = _dimension_sizes(head, 34 if wide else 30, n_dimensions)
        if not 1 <= valid <= total or table_at + valid * (8 if wide else 4) > size:
            raise ValueError(f"it declares {valid} of {total} elements, which its table cannot hold")
        file.seek(table_at)
        offsets = np.frombuffer(file.read(valid * (8 if wide else 4)), "<u8" if wide else "<u4")
        file.seek(int(offsets[0]))
        element = _element_bytes(file.read(50), data_type)
    if element < 1 or int(offsets.max()) + element > size:
        raise ValueError(f"an element of {element} bytes reaches beyond the file")
    declared = max(prod(dimensions), valid)
    if declared * element > LARGEST_SERIES:
        raise UserError(
            f"{path.name} holds {declared} elements of {element} bytes, more than the {LARGEST_SERIES >> 30} GiB that "
            "passband reads of a series; save the image by itself"
        )


def _dimension_sizes(head: bytes, at: int, count: int) -> list[int]:
    if count > 8:
        raise ValueError(f"it declares {count} dimensions")
    sizes = []
    for _ in range(count):
        sizes.append(struct.unpack_from("<I", head, at)[0])
        at += 24
        for _ in range(2):
            at += 4 + int(struct.unpack_from("<I", head, at)[0])
    return sizes


def _element_bytes(head: bytes, data_type: int) -> int:
    if data_type == SPECTRA:
        kind, length = struct.unpack_from("<HI", head, 20)
        return ELEMENT_BYTES[kind] * int(length)
    if data_type == IMAGES:
        kind, nx, ny = struct.unpack_from("<HII", head, 40)
        return ELEMENT_BYTES[kind] * int(nx) * int(ny)
    raise ValueError(f"it holds elements of the unknown type {data_type:#x}")
