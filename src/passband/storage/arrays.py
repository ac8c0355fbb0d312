"""Named arrays with attributes, as a sealed Zarr 3 group: there in full or not at all, verified when read.

Zarr may name codecs and data types that load other code. Only plain numbers in Zarr's default codecs are
read, the metadata is looked at before Zarr is, and a store that declares more than 4 GiB is refused.
Reference: the Zarr core specification 3.0, https://zarr-specs.readthedocs.io.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import zarr
from numpy.typing import NDArray

from passband.errors import UserError
from passband.storage.atomic import explained_io, replacing, write_text
from passband.storage.damage import DamagedArtefact
from passband.storage.identifiers import checked_id
from passband.storage.seals import HOLE, folder_digest, is_intact, sealed

LARGEST_BYTES: Final = 4 * 2**30
"""Largest store that is read [bytes when unpacked]."""
_METADATA: Final = "zarr.json"
_EMPTY_GROUP: Final = '{"zarr_format": 3, "node_type": "group", "attributes": {}}\n'
_CODECS: Final = frozenset({"bytes", "zstd"})
_KINDS: Final = "biufc"


@dataclass(frozen=True)
class NamedArrays:
    """Arrays of numbers by name, with plain data on all of them and on each (units, axes, sampling)."""

    arrays: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    array_attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def save_arrays(path: Path, content: NamedArrays) -> None:
    """Write the arrays to a folder at ``path``; what stood there is replaced.

    Raises UserError when the disk does not take them, ValueError for arrays of anything but numbers.
    """
    if "seal" in content.attributes:
        raise ValueError("the attribute 'seal' is written by this function")
    with replacing(path) as partial:
        if path.parent.suffix == ".zarr" and not (path.parent / _METADATA).exists():
            write_text(path.parent / _METADATA, _EMPTY_GROUP)
        group = zarr.open_group(str(partial), mode="w", zarr_format=3)
        for name, array in content.arrays.items():
            if array.dtype.kind not in _KINDS:
                raise ValueError(f"the array '{name}' holds {array.dtype}, not numbers")
            stored = group.create_array(checked_id(name, "array"), data=np.ascontiguousarray(array))
            stored.attrs.update(content.array_attributes.get(name, {}))
        group.attrs.update({**content.attributes, "seal": HOLE})
        metadata = partial / _METADATA
        metadata.write_bytes(sealed(metadata.read_bytes(), folder_digest(partial, without=_METADATA)))


def load_arrays(path: Path) -> NamedArrays:
    """Read what `save_arrays` wrote, after verifying every byte.

    Raises UserError when it is missing, DamagedArtefact when it is not as it was written.
    """
    if not path.exists():
        raise UserError(f"there are no arrays at {path}; run the command that makes them")
    metadata = _verified_metadata(path)
    attributes = {key: value for key, value in metadata["attributes"].items() if key != "seal"}
    try:
        names = sorted(entry.name for entry in path.iterdir() if entry.is_dir())
        if sum(_declared_bytes(path / name) for name in names) > LARGEST_BYTES:
            raise ValueError(f"it declares more than {LARGEST_BYTES // 2**30} GiB")
        group = zarr.open_group(str(path), mode="r", zarr_format=3)
        read = {name: group[name] for name in names}
        return NamedArrays(
            {name: np.asarray(array[...]) for name, array in read.items()},
            attributes,
            {name: dict(array.attrs) for name, array in read.items()},
        )
    except Exception as error:  # whatever a decoder makes of bytes that somebody else sealed
        raise DamagedArtefact(path, f"its arrays cannot be read ({error})") from None


def are_intact(path: Path) -> bool:
    """Whether arrays are there and as they were written."""
    try:
        _verified_metadata(path)
    except UserError:
        return False
    return True


def _verified_metadata(path: Path) -> dict[str, Any]:
    with explained_io("reading", path):
        if path.is_symlink() or not (path / _METADATA).is_file():
            raise DamagedArtefact(path, "it is no folder of arrays")
        data = (path / _METADATA).read_bytes()
        try:
            intact = is_intact(data, folder_digest(path, without=_METADATA))
            metadata = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise DamagedArtefact(path, str(error)) from None
    if not intact:
        raise DamagedArtefact(path, "its checksum does not match")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("attributes"), dict):
        raise DamagedArtefact(path, "it is no group of arrays")
    return metadata


def _declared_bytes(path: Path) -> int:
    """Size that an array's metadata declares; ValueError for anything but plain numbers in default codecs."""
    metadata = json.loads((path / _METADATA).read_bytes())
    codecs = {codec["name"] for codec in metadata["codecs"]}
    dtype = np.dtype(str(metadata["data_type"]))
    if metadata["node_type"] != "array" or not codecs <= _CODECS or dtype.kind not in _KINDS:
        raise ValueError(f"'{path.name}' is not an array of plain numbers")
    return dtype.itemsize * prod(int(length) for length in metadata["shape"])
