"""Exit waves as HyperSpy opens them: .hspy, which is HDF5, and .zspy, which is Zarr. Both hold the same tree:

    Experiments/wave/data                     complex64 (configuration, y, x)
    Experiments/wave/axis-N                   name, size, scale, offset, units, navigate, index_in_array
    Experiments/wave/metadata/…               General: title; Signal; Acquisition_instrument/TEM: beam_energy [kV]
    Experiments/wave/original_metadata/passband    what a wave of ours needs besides, and what the writer told

It is version 3.3 of the format, read off files that HyperSpy's own writer made. Neither HyperSpy nor RosettaSciIO,
which are under the GPL, is needed; .hspy needs h5py, which the extra "micrograph" brings.
"""

import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite, prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import zarr
from numpy.typing import NDArray

from passband import __version__
from passband.errors import UserError
from passband.exchange.foreign_zarr import complex_array, metadata_of
from passband.grid import Grid
from passband.storage.atomic import replacing
from passband.storage.damage import DamagedArtefact
from passband.storage.seals import sha256_of
from passband.units import A_to_nm
from passband.wave import ExitWave

_WAVE, _OURS = "Experiments/wave", "original_metadata/passband"
_ROOT: Final = {"file_format": "HyperSpy", "file_format_version": "3.3"}


def save_hyperspy_wave(path: Path, wave: ExitWave, told: Mapping[str, Any]) -> None:
    """Write a wave to a .hspy or .zspy that HyperSpy opens as a complex image with its axes in nm; atomic.

    told: plain data, kept as JSON in the original metadata. Raises UserError when the disk does not take it, or h5py is
    not installed.
    """
    field = wave.field.detach().cpu().to(torch.complex64).numpy()
    groups = _groups(field, wave, told, path.stem)
    library = _h5py() if path.suffix == ".hspy" else None
    with replacing(path) as partial:
        if library is not None:
            with library.File(partial, "w") as file:
                _write(file, groups)
                file.create_dataset(f"{_WAVE}/data", data=field)
        else:
            store = zarr.open_group(str(partial), mode="w", zarr_format=3)
            _write(store, groups)
            store.create_array(f"{_WAVE}/data", data=field)


def check_hyperspy_writer(path: Path) -> None:
    """Raises UserError where this suffix needs h5py, and it is not installed."""
    if path.suffix == ".hspy":
        _h5py()


def load_hyperspy_wave(path: Path, focus_offset_A: float = 0.0) -> ExitWave:
    """The wave in a .hspy or .zspy that `save_hyperspy_wave` wrote, verified.

    focus_offset_A: added to what the file says of it. Raises UserError where the file is missing, or somebody else's,
    DamagedArtefact where its field is not as it was written.
    """
    told, field = (_from_hspy if path.suffix == ".hspy" else _from_zspy)(path)
    try:
        sampling_A, energy_eV, own_A = (
            float(told[key]) for key in ("sampling_A", "energy_eV", "focus_offset_A")
        )
        is_sane = 1e-3 <= sampling_A <= 100 and 1e3 <= energy_eV <= 1e7 and isfinite(own_A)
    except (KeyError, TypeError, ValueError):
        is_sane = False
    if not is_sane or field.ndim != 3 or field.dtype != np.complex64:
        raise UserError(f"{path} holds no exit wave written by passband; abTEM's .zarr is read too")
    if told.get("sha256") != sha256_of(field.tobytes()):
        raise DamagedArtefact(path, "the checksum of its field does not match")
    ny, nx = field.shape[1:]
    return ExitWave(torch.from_numpy(field), Grid((ny, nx), sampling_A), energy_eV, own_A + focus_offset_A)


def _groups(
    field: NDArray[np.complex64], wave: ExitWave, told: Mapping[str, Any], title: str
) -> dict[str, dict[str, Any]]:
    """Attributes of every group of the tree, by its path."""
    size_nm = A_to_nm(wave.grid.sampling_A)
    axes = [("configuration", "", 1.0, True), ("y", "nm", size_nm, False), ("x", "nm", size_nm, False)]
    groups = {
        f"{_WAVE}/axis-{index}": {
            "_type": "UniformDataAxis",
            "name": name,
            "units": units,
            "scale": scale,
            "offset": 0.0,
            "size": field.shape[index],
            "navigate": navigate,
            "is_binned": False,
            "index_in_array": index,
        }
        for index, (name, units, scale, navigate) in enumerate(axes)
    }
    ours = {
        "sampling_A": wave.grid.sampling_A,
        "energy_eV": wave.energy_eV,
        "focus_offset_A": wave.focus_offset_A,
        "sha256": sha256_of(field.tobytes()),
        "passband_version": __version__,
        "told": json.dumps(dict(told), ensure_ascii=False),
    }
    return groups | {
        _WAVE: {},
        f"{_WAVE}/attributes": {"_lazy": False},
        f"{_WAVE}/learning_results": {},
        f"{_WAVE}/metadata/General": {"title": title},
        f"{_WAVE}/metadata/Signal": {"signal_type": ""},
        f"{_WAVE}/metadata/Acquisition_instrument/TEM": {"beam_energy": wave.energy_eV / 1e3},
        f"{_WAVE}/{_OURS}": ours,
    }


def _write(root: Any, groups: Mapping[str, Mapping[str, Any]]) -> None:
    root.attrs.update(_ROOT)
    for name, attributes in groups.items():
        root.require_group(name).attrs.update(attributes)


def _from_hspy(path: Path) -> tuple[dict[str, Any], NDArray[Any]]:
    if not path.is_file():
        raise UserError(f"there is no file {path}; give the path of a .hspy that passband wrote")
    with _opened(path) as (library, file):
        node, ours = (_own_node(library, file, name) for name in (f"{_WAVE}/data", f"{_WAVE}/{_OURS}"))
        is_own = isinstance(node, library.Dataset) and not node.is_virtual and not node.external
        if not is_own or node.dtype != np.complex64 or node.chunks is not None or ours is None:
            raise UserError(f"{path} holds no exit wave written by passband; abTEM's .zarr is read too")
        if 8 * prod(node.shape) > path.stat().st_size:
            raise ValueError(f"it declares {8 * prod(node.shape)} bytes, more than it has")
        return dict(ours.attrs), np.asarray(node[...])


def _own_node(library: Any, file: Any, name: str) -> Any:
    """What stands at a path in the file itself; None where there is nothing, or a link on the way."""
    node = file
    for part in name.split("/"):
        link = node.get(part, getlink=True) if isinstance(node, library.Group) else None
        if not isinstance(link, library.HardLink):
            return None
        node = node[part]
    return node


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    library = _h5py()
    try:
        with library.File(path, "r") as file:
            yield library, file
    except UserError:
        raise
    except PermissionError:
        raise UserError(f"{path} may not be read; change its permissions") from None
    except Exception as error:  # libhdf5 raises many kinds
        raise UserError(f"{path} is damaged, or no .hspy file: {_first_line(error)}") from None


def _from_zspy(path: Path) -> tuple[dict[str, Any], NDArray[Any]]:
    node = path
    for part in f"{_WAVE}/original_metadata".split("/"):
        metadata_of(node, "group")  # and no link
        node = node / part
    told = metadata_of(path / _WAVE / _OURS, "group").get("attributes")
    return told if isinstance(told, dict) else {}, complex_array(path / _WAVE / "data")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _h5py() -> Any:
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise UserError(
            ".hspy needs h5py: pip install 'passband[micrograph]', or take .zspy or .zarr"
        ) from None
