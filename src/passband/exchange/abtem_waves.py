"""Exit waves as abTEM 1.0.11 writes and reads them: ``Waves.to_zarr`` and ``abtem.from_zarr``.

A Zarr 3 group with the attribute ``metadata0`` (energy, axes, type "Waves") and one array ``array0`` with the axes
frozen phonons (if any), x, y. Ours are y, x: the last two axes change places on the way. The format is not specified;
it was read off files that abTEM wrote. abTEM is under the GPL and is not imported here.

Where a wave of abTEM stands is not in its file. Ours say it: ``focus_offset_A`` among the metadata, together with what
the writer told, under ``passband``; abTEM keeps both and looks at neither.
"""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from passband import __version__
from passband.errors import UserError
from passband.exchange.foreign_zarr import complex_array, metadata_of
from passband.exchange.square_pixels import on_square_pixels
from passband.storage.arrays import NamedArrays, are_intact, save_arrays
from passband.storage.damage import DamagedArtefact
from passband.wave import ExitWave

_METADATA, _ARRAY, _OURS = "metadata0", "array0", "passband"


def save_abtem_wave(path: Path, wave: ExitWave, told: Mapping[str, Any]) -> None:
    """Write a wave as a folder that ``abtem.from_zarr`` opens, sealed like everything that passband stores.

    told: plain data about the wave, kept in the metadata. The field stays where it stands: an image with abTEM's CTF
    needs focus_offset_A added to its C10. Raises UserError when the disk does not take it.
    """
    field = wave.field.detach().cpu().to(torch.complex64).transpose(-2, -1).numpy()
    several = len(field) > 1
    sampling_A = wave.grid.sampling_A
    axes = [*([_PHONONS] if several else []), _real_axis("x", sampling_A), _real_axis("y", sampling_A)]
    metadata = {
        "energy": wave.energy_eV,
        "base_tilt_x": 0.0,
        "base_tilt_y": 0.0,
        "normalization": "values",
        "reciprocal_space": False,
        _OURS: {"focus_offset_A": wave.focus_offset_A, "told": dict(told)},
        "axes": {f"axis_{index}": axis for index, axis in enumerate(axes)},
        "data_origin": f"passband {__version__}",
        "type": "Waves",
    }
    save_arrays(path, NamedArrays({_ARRAY: field if several else field[0]}, {_METADATA: metadata}))


def load_abtem_wave(path: Path, focus_offset_A: float = 0.0) -> ExitWave:
    """The wave in a folder that abTEM or `save_abtem_wave` wrote; vacuum becomes 1, pixels square.

    focus_offset_A: added to what the file says of it (nothing, where abTEM wrote it). Raises UserError for anything
    but exit waves of a plane wave along the axis, in real space, with or without frozen phonons.
    """
    attributes = metadata_of(path, "group").get("attributes")
    metadata = attributes.get(_METADATA) if isinstance(attributes, dict) else None
    if not isinstance(attributes, dict) or not isinstance(metadata, dict):
        raise UserError(f"{path} holds no wave of abTEM 1.0.10 or later; open it there and write it again")
    try:
        _check_kind(metadata, path)
        energy_eV, samplings, own_A = _told(metadata)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(f"{path} is damaged: its energy, axes or sampling cannot be read") from None
    if "seal" in attributes and not are_intact(path):
        raise DamagedArtefact(path, "its checksum does not match")
    values = complex_array(path / _ARRAY)
    if values.ndim not in (2, 3) or values.ndim != len(metadata["axes"]):
        raise UserError(f"{path} is damaged: its array does not have the axes that it declares")
    if metadata.get("normalization") == "reciprocal_space":
        values = values * np.prod(values.shape[-2:])
    field = torch.from_numpy(np.ascontiguousarray(np.swapaxes(values, -2, -1), np.complex64))
    field, grid = on_square_pixels(field.reshape(-1, *field.shape[-2:]), samplings[::-1], path.name)
    return ExitWave(field, grid, energy_eV, own_A + focus_offset_A)


_AXIS: Final[dict[str, Any]] = {
    "units": None,
    "tex_label": None,
    "tex_units": None,
    "_default_type": "index",
    "_concatenate": True,
    "_squeeze": False,
}
_PHONONS: Final = _AXIS | {"label": "Frozen phonons", "_ensemble_mean": True, "type": "FrozenPhononsAxis"}


def _real_axis(label: str, sampling_A: float) -> dict[str, Any]:
    place = {"sampling": sampling_A, "offset": 0.0, "endpoint": False}
    return _AXIS | {"label": label, "units": "Å", "_ensemble_mean": False} | place | {"type": "RealSpaceAxis"}


def _check_kind(metadata: dict[str, Any], path: Path) -> None:
    """Raises UserError where the file holds something else than exit waves that we can image."""
    if metadata["type"] != "Waves":
        raise UserError(f"{path} holds {str(metadata['type'])[:40]}, not waves; write the exit wave itself")
    kinds = [str(axis["type"]) for axis in _axes(metadata)]
    if kinds[-2:] != ["RealSpaceAxis"] * 2 or metadata.get("reciprocal_space"):
        raise UserError(
            f"{path} holds waves in reciprocal space; call ensure_real_space() and write them again"
        )
    if kinds[:-2] not in ([], ["FrozenPhononsAxis"]):
        raise UserError(
            f"{path} holds a series over {str(_axes(metadata)[0].get('label'))[:40]}, not one exit wave; "
            "write one of its waves"
        )
    if "semiangle_cutoff" in metadata:
        raise UserError(
            f"{path} holds waves behind a lens (a probe, or a CTF was applied); write the exit wave"
        )
    if any(metadata.get(key) for key in ("base_tilt_x", "base_tilt_y")):
        raise UserError(
            f"{path} holds waves of a tilted beam, which passband does not image; simulate without"
        )
    if metadata.get("normalization", "values") not in ("values", "reciprocal_space"):
        raise UserError(
            f"{path} has the normalization {str(metadata['normalization'])[:40]}; write it with 'values'"
        )


def _axes(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    return [metadata["axes"][f"axis_{index}"] for index in range(len(metadata["axes"]))]


def _told(metadata: dict[str, Any]) -> tuple[float, tuple[float, float], float]:
    """Energy [eV], sampling (x, y) [Å] and own focus offset [Å]; ValueError where one is impossible."""
    energy_eV = float(metadata["energy"])
    x_A, y_A = (float(axis["sampling"]) for axis in _axes(metadata)[-2:])
    own_A = float(metadata.get(_OURS, {}).get("focus_offset_A", 0.0))
    if not (1e3 <= energy_eV <= 1e7 and 1e-3 <= x_A <= 100 and 1e-3 <= y_A <= 100 and isfinite(own_A)):
        raise ValueError
    return energy_eV, (x_A, y_A), own_A
