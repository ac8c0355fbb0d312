"""Exit waves on the disk: one sealed Zarr group per scene, readable by any Zarr 3 reader.

waves.zarr/<scene id>/full, particles    complex64 (configuration, y, x); vacuum is 1
attributes of each: sampling_A, energy_eV, focus_offset_A, axes, units, sha256 of the array's bytes
attributes of the group: what the study says of the scene (ids, mask fraction, thickness …)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from passband.grid import Grid
from passband.storage.arrays import NamedArrays, load_arrays, save_arrays
from passband.storage.damage import DamagedArtefact
from passband.storage.seals import sha256_of
from passband.wave import ExitWave, SceneWaves

_UNITS: Final = {"field": "1 (vacuum is 1)", "sampling_A": "Å", "energy_eV": "eV", "focus_offset_A": "Å"}
_AXES: Final = ["configuration", "y", "x"]


@dataclass(frozen=True)
class StoredWaves:
    """The two waves of a scene, on the CPU, and what was said of the scene (plain data)."""

    waves: SceneWaves
    attributes: Mapping[str, Any]


def save_waves(path: Path, waves: SceneWaves, attributes: Mapping[str, Any]) -> None:
    """Store both waves at ``path`` (`RunFolder.scene`); safe from several processes, each with its own scene.

    attributes: plain data. Raises UserError when the disk does not take them.
    """
    stored = {"full": waves.full, "particles": waves.particles}
    arrays = {name: wave.field.detach().cpu().numpy().astype(np.complex64) for name, wave in stored.items()}
    told = {
        name: _attributes(wave) | {"sha256": sha256_of(arrays[name].tobytes())}
        for name, wave in stored.items()
    }
    save_arrays(path, NamedArrays(arrays, attributes, told))


def load_waves(path: Path) -> StoredWaves:
    """Read the waves of one scene, verified.

    Raises UserError when missing, DamagedArtefact when not as written.
    """
    content = load_arrays(path)
    try:
        waves = SceneWaves(full=_wave(content, "full"), particles=_wave(content, "particles"))
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedArtefact(path, f"it holds no pair of exit waves ({error})") from None
    return StoredWaves(waves, content.attributes)


def _attributes(wave: ExitWave) -> dict[str, Any]:
    return {
        "sampling_A": wave.grid.sampling_A,
        "energy_eV": wave.energy_eV,
        "focus_offset_A": wave.focus_offset_A,
        "axes": _AXES,
        "units": _UNITS,
    }


def _wave(content: NamedArrays, name: str) -> ExitWave:
    array, told = content.arrays[name], content.array_attributes[name]
    if array.dtype != np.complex64 or array.ndim != len(_AXES):
        raise ValueError(f"'{name}' is not complex64 with the axes {', '.join(_AXES)}")
    ny, nx = array.shape[1:]
    grid = Grid((ny, nx), float(told["sampling_A"]))
    return ExitWave(torch.from_numpy(array), grid, float(told["energy_eV"]), float(told["focus_offset_A"]))
