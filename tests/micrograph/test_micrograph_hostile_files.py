"""Files that lie about their size, point elsewhere or are damaged: one sentence, at once, in little memory."""

import os
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from micrograph_samples import (
    REAL_FILES,
    counts,
    write_berkeley,
    write_dm,
    write_mrc,
    write_png,
    write_ser,
    write_tiff,
    write_velox,
)

from passband.errors import UserError
from passband.micrograph.image import Micrograph
from passband.micrograph.reader import load_micrograph

MOST_BYTES = 2 * 2**30
MOST_SECONDS = 1.0


@contextmanager
def cheap() -> Iterator[None]:
    """A block that must take less than a second, and less memory than the promise."""
    tracemalloc.start()
    start = time.perf_counter()
    try:
        yield
        assert time.perf_counter() - start < MOST_SECONDS
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


def huge_mrc(path: Path) -> Path:
    """100,000 x 100,000 float32 pixels, 40 GB, all of them there in a sparse file."""
    write_mrc(path, np.zeros((32, 32), np.float32))
    data = bytearray(path.read_bytes())
    struct.pack_into("<2i", data, 0, 100_000, 100_000)
    path.write_bytes(data)
    os.truncate(path, 1024 + 4 * 10**10)
    return path


def declared_mrc(path: Path) -> Path:
    data = bytearray(write_mrc(path, np.zeros((32, 32), np.float32)).read_bytes())
    struct.pack_into("<3i", data, 0, 2**31 - 1, 2**31 - 1, 2**31 - 1)
    path.write_bytes(data)
    return path


def declared_ser(path: Path) -> Path:
    """One image that declares 2^31 x 2^31 pixels."""
    data = bytearray(write_ser(path, counts((1, 32, 32)).astype(np.float32)).read_bytes())
    data[-8 - 4 * 32 * 32 - 8 : -8 - 4 * 32 * 32] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(data)
    return path


def repeated_ser(path: Path) -> Path:
    """A million times the same element: small on the disk, gigabytes when all are loaded."""
    data = write_ser(path, counts((1, 32, 32)).astype(np.float32)).read_bytes()
    n, (table,) = 10**6, struct.unpack_from("<I", data, 22)
    (first,) = struct.unpack_from("<I", data, table)
    head = bytearray(data)
    struct.pack_into("<IIIII", head, 14, n, n, len(data), 0, 0)
    path.write_bytes(bytes(head) + struct.pack("<I", first) * n)
    return path


def declared_dm(path: Path) -> Path:
    """An image whose dimensions say 2^31 x 2^31."""
    data = write_dm(path, counts((32, 32)).astype(np.float32)).read_bytes()
    size = struct.pack("<I", 32)
    at = data.rindex(size, 0, data.rindex(size))
    path.write_bytes(data[:at] + data[at:].replace(size, struct.pack("<I", 2**31)))
    return path


def long_table_dm(path: Path) -> Path:
    """A table of 3 million numbers where there should be pixels: many seconds, read one by one."""
    data = write_dm(path, np.zeros((1500, 2000), np.float32)).read_bytes()
    path.write_bytes(data.replace(b"\0\4Data", b"\0\4Dato"))
    return path


def deep_dm(path: Path) -> Path:
    """Groups within groups, 100,000 of them."""
    group = struct.pack(">bh", 20, 0) + b"\0\0" + struct.pack(">i", 1)
    path.write_bytes(struct.pack(">iii", 3, 0, 1) + b"\0\0" + struct.pack(">i", 1) + group * 100_000)
    return path


def empty_chunks_emd(path: Path) -> Path:
    """10^12 pixels in chunks that were never written."""
    with h5py.File(path, "w") as file:
        group = file.create_group("data/sample")
        group.attrs["emd_group_type"] = 1
        group.create_dataset("data", (10**6, 10**6), np.float32, chunks=(1000, 1000), compression="gzip")
    return path


def bomb_png(path: Path) -> Path:
    """30,000 x 30,000 zeros, a thousand times smaller on the disk."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    packed = zlib.compress(bytes(30_001) * 300)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
    return path


def bomb_tiff(path: Path) -> Path:
    """8,000 x 8,000 zeros in one strip of a few kilobytes."""
    tifffile.imwrite(path, np.zeros((8000, 8000), np.uint8), compression="zlib", rowsperstrip=8000)
    return path


def declared_tiff(path: Path) -> Path:
    """A height of 10^9 rows in the file's directory."""
    data = write_tiff(path, counts((40, 40))).read_bytes()
    entry = struct.pack(">HHI", 257, 4, 1) if data[:2] == b"MM" else struct.pack("<HHI", 257, 4, 1)
    short = entry.replace(b"\4\0", b"\3\0") if data[:2] == b"II" else entry.replace(b"\0\4", b"\0\3")
    at = data.find(entry) if entry in data else data.find(short)
    big = struct.pack("<HHII" if data[:2] == b"II" else ">HHII", 257, 4, 1, 10**9)
    path.write_bytes(data[:at] + big + data[at + 12 :])
    return path


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "huge.mrc": huge_mrc,
    "declared.mrc": declared_mrc,
    "declared_1.ser": declared_ser,
    "repeated_1.ser": repeated_ser,
    "declared.dm3": declared_dm,
    "table.dm3": long_table_dm,
    "deep.dm3": deep_dm,
    "chunks.emd": empty_chunks_emd,
    "bomb.png": bomb_png,
    "bomb.tif": bomb_tiff,
    "declared.tif": declared_tiff,
}


@pytest.fixture(scope="module", autouse=True)
def rosettasciio_imported() -> None:
    """Its import takes longer than a file may."""
    pytest.importorskip("rsciio.digitalmicrograph")
    pytest.importorskip("rsciio.tia")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_declares_more_than_it_can_be_is_refused_at_once(name: str, tmp_path: Path) -> None:
    path = HOSTILE[name](tmp_path / name)
    with cheap(), pytest.raises(UserError, match=name):
        load_micrograph(path, pixel_size_nm=0.05)


def outside_link(kind: str, path: Path, secret: Path) -> Path:
    """An EMD whose pixels lie in another file."""
    write_berkeley(path, counts())
    with h5py.File(path, "a") as file:
        del file["data/sample/data"]
        group = file["data/sample"]
        if kind == "external link":
            group["data"] = h5py.ExternalLink(str(secret), "data/sample/data")
        elif kind == "external dataset":
            group.create_dataset("data", (48, 64), np.uint16, external=[(str(secret), 0, 48 * 64 * 2)])
        else:
            layout = h5py.VirtualLayout((48, 64), np.uint16)
            layout[...] = h5py.VirtualSource(str(secret), "data/sample/data", (48, 64))
            group.create_virtual_dataset("data", layout)
    return path


@pytest.mark.parametrize("kind", ["external link", "external dataset", "virtual dataset"])
def test_no_pixel_is_read_from_a_file_that_an_emd_points_to(kind: str, tmp_path: Path) -> None:
    secret = write_berkeley(tmp_path / "secret.emd", counts(seed=1))
    path = outside_link(kind, tmp_path / "link.emd", secret)
    with pytest.raises(UserError, match="holds no image"):
        load_micrograph(path)


GENERATED: dict[str, Callable[[Path], Path]] = {
    "a.mrc": lambda path: write_mrc(path, counts().astype(np.float32)),
    "a_1.ser": lambda path: write_ser(path, counts((2, 40, 40)).astype(np.float32)),
    "a.dm3": lambda path: write_dm(path, counts().astype(np.float32)),
    "velox.emd": partial(write_velox, image=counts()),
    "berkeley.emd": partial(write_berkeley, image=counts()),
    "a.tif": partial(write_tiff, image=counts()),
    "packed.tif": lambda path: packed_tiff(path),
    "a.png": partial(write_png, image=counts()),
}
REAL = (
    sorted(
        str(path.relative_to(REAL_FILES))
        for suffix in ("dm3", "dm4", "ser", "emd", "mrc")
        for path in REAL_FILES.glob(f"*/*.{suffix}")
    )
    if REAL_FILES.is_dir()
    else []
)


def packed_tiff(path: Path) -> Path:
    """Compressed tiles."""
    tifffile.imwrite(path, counts(), compression="zlib", tile=(32, 32))
    return path


def is_sound(path: Path, frame: int | None) -> None:
    """Reading gives a valid micrograph or one sentence, in time."""
    with cheap():
        try:
            micrograph = load_micrograph(path, pixel_size_nm=0.05, frame=frame)
        except UserError:
            return
    assert isinstance(micrograph, Micrograph)
    assert micrograph.image.dtype == np.float32
    assert min(micrograph.image.shape) >= 32
    assert np.isfinite(micrograph.image).all()


damages: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "kept": st.one_of(st.just(1.0), st.floats(0, 1)),
        "flips": st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=12),
        "reach": st.sampled_from([1.0, 0.1, 0.01]),
        "frame": st.sampled_from([None, 0, 1]),
    }
)


def damaged(data: bytes, damage: dict[str, Any]) -> bytes:
    """Bytes set to others, mostly near the beginning, and the end cut off."""
    result = bytearray(data)
    for place, value in damage["flips"]:
        result[int(place * max(1, damage["reach"] * len(result)))] = value
    return bytes(result[: round(damage["kept"] * len(result))])


@pytest.mark.parametrize("name", GENERATED)
@settings(max_examples=40)
@given(damage=damages)
def test_a_damaged_file_gives_an_image_or_one_sentence(
    name: str, damage: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = GENERATED[name](tmp_path_factory.getbasetemp() / name)
    path.write_bytes(damaged(path.read_bytes(), damage))
    is_sound(path, damage["frame"])


@pytest.mark.parametrize("name", REAL)
@settings(max_examples=20)
@given(damage=damages)
def test_a_damaged_real_file_gives_an_image_or_one_sentence(
    name: str, damage: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    original = REAL_FILES / name
    path = tmp_path_factory.getbasetemp() / original.name
    path.write_bytes(damaged(original.read_bytes(), damage))
    is_sound(path, damage["frame"])
