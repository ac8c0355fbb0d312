"""Gatan DigitalMicrograph, .dm3 and .dm4: a tree of tags, walked and checked here, read by RosettaSciIO.

A damaged length in the tree can send a reader through gigabytes, element by element. The walk below follows
every length without reading what it covers, so that RosettaSciIO only ever meets a tree that lies within its
file.
Layout: C. Boothroyd, "The DigitalMicrograph file format" (2011). Big-endian tree; values as the header says.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np

from passband.micrograph.formats.rosetta import read_with_rosetta
from passband.micrograph.signals import StoredSignal, axes_of, frame_reader

ELEMENT_BYTES: Final = {2: 2, 3: 4, 4: 2, 5: 4, 6: 4, 7: 8, 8: 1, 9: 1, 10: 1, 11: 8, 12: 8}
STRUCT, STRING, ARRAY = 15, 18, 20
LARGEST_TABLE: Final = 2_000_000
"""Values outside the images; more of them would take seconds to read one by one."""
DEEPEST: Final = 64
LARGEST_LOADED: Final = 2**26
"""Bytes of a file that RosettaSciIO may load as a whole, which saves the import of Dask."""
PACKED_COMPLEX: Final = frozenset({5, 27, 28})
"""Data types of halves of Fourier transforms; the first of them looks like real numbers."""


@contextmanager
def open_signals(path: Path) -> Iterator[list[StoredSignal]]:
    """The images and spectra of a DigitalMicrograph file; thumbnails are left out."""
    check_tree(path)
    lazy = path.stat().st_size > LARGEST_LOADED
    yield [_signal(path, entry) for entry in read_with_rosetta("digitalmicrograph", path, lazy)]


def check_tree(path: Path) -> None:
    """Raises ValueError or struct.error where a tag reaches beyond the file or is of no known kind."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        walk = _Walk(data)
        walk.group(name="", depth=0)


class _Walk:
    """A position in the file that can only move forward, within its bounds."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at, self.table = data, 0, 0
        version = self.number(">i")
        if version not in (3, 4):
            raise ValueError(f"version {version} is neither 3 nor 4")
        self.long, self.is_4 = (">q", True) if version == 4 else (">i", False)
        self.number(self.long)
        self.number(">i")

    def number(self, form: str) -> int:
        value = struct.unpack_from(form, self.data, self.at)[0]
        self.at += struct.calcsize(form)
        return int(value)

    def skip(self, n: int) -> None:
        if n < 0 or self.at + n > len(self.data):
            raise ValueError(f"a tag at byte {self.at} declares {n} bytes and reaches beyond the file")
        self.at += n

    def group(self, name: str, depth: int) -> None:
        if depth > DEEPEST:
            raise ValueError(f"tags are nested deeper than {DEEPEST}")
        self.skip(2)
        count = self.number(self.long)
        if not 0 <= count <= (len(self.data) - self.at) // 3:
            raise ValueError(f"a group at byte {self.at} declares {count} tags, more than the file can hold")
        for _ in range(count):
            self.tag(name, depth)

    def tag(self, group: str, depth: int) -> None:
        kind = self.number(">b")
        length = self.number(">h")
        start = self.at
        self.skip(length)
        name = self.data[start : self.at].replace(b".", b"").decode("latin-1")
        self.skip(8 if self.is_4 else 0)
        if kind == 20:
            self.group(name, depth + 1)
        elif kind == 21:
            self.value(is_image=(group, name) == ("ImageData", "Data"))
        else:
            raise ValueError(f"a tag at byte {start} is of the unknown kind {kind}")

    def value(self, is_image: bool) -> None:
        mark = self.at
        self.skip(4)
        if self.data[mark : self.at] != b"%%%%":
            raise ValueError(f"the mark of a value is missing at byte {mark}")
        count = self.number(self.long)
        if not 1 <= count <= 4096:
            raise ValueError(f"a value at byte {mark} is described by {count} numbers")
        description = [self.number(self.long) for _ in range(count)]
        values, size = _extent(description)
        self.table += 0 if is_image else values
        if self.table > LARGEST_TABLE:
            raise ValueError(f"it holds more than {LARGEST_TABLE} values outside its images")
        self.skip(size)


def _extent(description: list[int]) -> tuple[int, int]:
    """Number of values and of bytes that a description covers."""
    match description:
        case [kind]:
            return 1, ELEMENT_BYTES[kind]
        case [kind, length] if kind == STRING:
            return length, length
        case [kind, element, length] if kind == ARRAY:
            return length, length * ELEMENT_BYTES[element]
        case [kind, *fields] if kind == STRUCT:
            return _struct_extent(fields)
        case [kind, inner, *fields, length] if (kind, inner) == (ARRAY, STRUCT):
            values, size = _struct_extent(fields)
            return values * length, size * length
        case _:
            raise ValueError(f"a value is described by {description[:4]}, which is not understood")


def _struct_extent(fields: list[int]) -> tuple[int, int]:
    if len(fields) < 2 or len(fields) != 2 + 2 * fields[1]:
        raise ValueError("a structure's description does not have the length that it declares")
    return fields[1], sum(ELEMENT_BYTES[kind] for kind in fields[3::2])


def _signal(path: Path, entry: dict[str, Any]) -> StoredSignal:
    """Pixels are mapped from the file, so that one frame of a long series costs one frame."""
    described = entry["original_metadata"]["ImageList"]["TagGroup0"]["ImageData"]
    stored, packed = described["Data"], described["DataType"] in PACKED_COMPLEX
    dtype = np.dtype(np.complex64 if packed else entry["data"].dtype)
    shape = tuple(int(size) for size in entry["data"].shape)
    if dtype.names is None and dtype.kind != "c":
        _check_extent(shape, dtype, stored, path.stat().st_size)
    in_file = dtype if stored["endian"] == "little" else dtype.newbyteorder(">")

    def read_frame(index: int) -> Any:
        pixels = np.memmap(path, in_file, mode="r", offset=int(stored["offset"]), shape=shape)
        return frame_reader(pixels)(index)

    axes = entry["axes"]
    scales, units = [axis["scale"] for axis in axes], [axis["units"] for axis in axes]
    title = str(entry["metadata"]["General"].get("title") or "")
    return StoredSignal(title, dtype, axes_of(shape, scales, units), read_frame)


def _check_extent(
    shape: tuple[int, ...], dtype: np.dtype[Any], stored: dict[str, Any], file_bytes: int
) -> None:
    if min(shape) < 1 or prod(shape) != int(stored["size"]):
        raise ValueError(f"an image declares {shape} samples but stores {stored['size']}")
    if int(stored["offset"]) + prod(shape) * dtype.itemsize > file_bytes:
        raise ValueError(f"an image declares {shape} samples of {dtype}, more than the file holds")
