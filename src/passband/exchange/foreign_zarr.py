"""Zarr arrays that somebody else has written: looked at before anything is unpacked.

Only what abTEM and HyperSpy write by default is read: plain complex numbers in Zarr 3, in regular chunks, as they are
or packed with zstd. The size that the metadata declares, and the one that each packed chunk declares, have to fit the
array and the files before anything is unpacked; links are refused. Frame header of zstd: RFC 8878, section 3.1.1.
"""

import json
from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import zarr
from numpy.typing import NDArray

from passband.errors import UserError
from passband.storage.atomic import explained_io

LARGEST_BYTES: Final = 4 * 2**30
"""Largest array that is read [bytes when unpacked]."""
UNCHECKED_BYTES: Final = 256 * 2**20
MOST_PACKED: Final = 100
"""An array that declares more than this many bytes may be at most so many times as large as the files that hold it."""
LARGEST_METADATA_BYTES: Final = 2**20
LARGEST_NUMBER_OF_CHUNKS: Final = 100_000
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"


def metadata_of(node: Path, kind: str) -> dict[str, Any]:
    """The metadata of a group or an array (kind) at a path, as plain data.

    Raises UserError where there is none, or it is a link, too large, or no metadata of Zarr 3.
    """
    path = node / "zarr.json"
    with explained_io("reading", node):
        if not node.exists() and not node.is_symlink():
            raise UserError(f"there is no {node}; give the folder that abTEM or passband wrote")
        if node.is_symlink() or path.is_symlink() or not path.is_file():
            raise UserError(
                f"{node} is no Zarr {kind} (format 3); give the folder that abTEM or passband wrote"
            )
        if path.stat().st_size > LARGEST_METADATA_BYTES:
            raise UserError(
                f"{path} is larger than {LARGEST_METADATA_BYTES // 2**20} MiB; it is no exit wave"
            )
        data = path.read_bytes()
    try:
        metadata = json.loads(data)
    except (ValueError, RecursionError):
        metadata = None
    found = metadata if isinstance(metadata, dict) else {}
    if found.get("zarr_format") != 3 or found.get("node_type") != kind:
        raise UserError(f"{path} is damaged, or no metadata of a Zarr {kind} (format 3)")
    return found


def complex_array(node: Path) -> NDArray[Any]:
    """The complex numbers of the array at a path. Raises UserError for anything but those, see above."""
    metadata = metadata_of(node, "array")
    try:
        layout = _checked_layout(metadata)
        stored_bytes = _checked_chunks(node, layout)
        _check_size(layout.array_bytes, stored_bytes)
        array = np.asarray(zarr.open_array(str(node), mode="r", zarr_format=3)[...])
    except UserError:
        raise
    except Exception as error:  # a decoder makes anything of damaged bytes
        raise UserError(f"{node} is damaged, or not what abTEM writes: {_first_line(error)}") from None
    if not np.isfinite(array).all():
        raise UserError(
            f"{node} holds values that are no numbers; it is damaged, or its simulation has failed"
        )
    return array


def _check_size(declared_bytes: int, stored_bytes: int) -> None:
    """ValueError for an array that is too large, or far larger than what its files can hold."""
    if declared_bytes > LARGEST_BYTES:
        raise ValueError(f"it declares more than {LARGEST_BYTES // 2**30} GiB")
    if declared_bytes > max(UNCHECKED_BYTES, MOST_PACKED * stored_bytes):
        raise ValueError(f"it declares {declared_bytes // 2**20} MiB, but holds {stored_bytes} bytes")


@dataclass(frozen=True)
class _Layout:
    """Bytes of an array and of one of its chunks, unpacked; how many chunks, and whether they are packed."""

    array_bytes: int
    chunk_bytes: int
    chunks: int
    is_packed: bool


def _checked_layout(metadata: dict[str, Any]) -> _Layout:
    """How the array is laid out; ValueError where it is not plain."""
    shape = [int(length) for length in metadata["shape"]]
    grid, keys = metadata["chunk_grid"], metadata["chunk_key_encoding"]
    chunk = [int(length) for length in grid["configuration"]["chunk_shape"]]
    codecs = [codec["name"] for codec in metadata["codecs"]]
    if metadata["data_type"] not in ("complex64", "complex128"):
        raise ValueError(f"it holds {metadata['data_type']}, not complex numbers")
    if grid["name"] != "regular" or keys["name"] != "default" or codecs not in (["bytes"], ["bytes", "zstd"]):
        raise ValueError(f"it is packed by {codecs}; write it with Zarr's defaults")
    if metadata.get("storage_transformers"):
        raise ValueError("it names storage transformers")
    if len(chunk) != len(shape) or any(not 1 <= c <= n for n, c in zip(shape, chunk, strict=True)):
        raise ValueError(f"its shape {shape} and chunks {chunk} do not belong together")
    itemsize = np.dtype(metadata["data_type"]).itemsize
    chunks = prod(ceil(n / c) for n, c in zip(shape, chunk, strict=True))
    if chunks > LARGEST_NUMBER_OF_CHUNKS:
        raise ValueError(f"it has more than {LARGEST_NUMBER_OF_CHUNKS} chunks")
    return _Layout(itemsize * prod(shape), itemsize * prod(chunk), chunks, "zstd" in codecs)


def _checked_chunks(node: Path, layout: _Layout) -> int:
    """Bytes of all chunks as they are stored; ValueError for a link, and a chunk that is missing or of another size."""
    stored: list[int] = []
    for path in node.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"'{path.name}' is a link or no plain file")
        if path.is_file() and path.name != "zarr.json":
            _check_chunk(path, layout)
            stored.append(path.stat().st_size)
    if len(stored) < layout.chunks:
        raise ValueError(f"it has {len(stored)} of {layout.chunks} chunks")
    return sum(stored)


def _check_chunk(path: Path, layout: _Layout) -> None:
    """ValueError where a chunk is, or declares to be when unpacked, of another size than the array's chunks."""
    with path.open("rb") as file:
        head = file.read(18)
    if layout.is_packed and (head[:4] != _ZSTD_MAGIC or _content_size(head) != layout.chunk_bytes):
        raise ValueError(f"the chunk '{path.name}' declares another size than its array")
    if path.stat().st_size > 2 * layout.chunk_bytes + 1024:
        raise ValueError(f"the chunk '{path.name}' is larger than its array says")


def _content_size(head: bytes) -> int | None:
    """What the header of a zstd frame says of its unpacked size; None where it says nothing."""
    descriptor = head[4] if len(head) > 4 else 0
    code, single_segment = descriptor >> 6, descriptor >> 5 & 1
    length = (1 if single_segment else 0, 2, 4, 8)[code]
    start = 5 + (not single_segment) + (0, 1, 2, 4)[descriptor & 3]
    if length == 0 or len(head) < start + length:
        return None
    size = int.from_bytes(head[start : start + length], "little")
    return size + 256 if length == 2 else size


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200]
