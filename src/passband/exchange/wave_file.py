"""Stored waves by their path, whoever wrote them, and from one format to another."""

from pathlib import Path
from typing import Any, Literal

from passband import __version__
from passband.errors import UserError
from passband.exchange.waves import load_wave, save_wave
from passband.storage.waves import load_waves
from passband.units import A_to_nm
from passband.wave import ExitWave

Part = Literal["full", "particles"]
"""Which wave of a scene: that of all atoms, or of the particles alone."""


def stored_wave(path: Path, part: Part = "full", focus_offset_A: float = 0.0) -> ExitWave:
    """The wave at a path: a file of `load_wave`, a scene of a run folder, or a folder of `passband simulate`.

    focus_offset_A: as for `load_wave`; a scene says it itself. Raises UserError where there is no wave, or several.
    """
    place = path / "waves.zarr" if (path / "waves.zarr").is_dir() else path
    inside = sorted(place.glob("[!.]*")) if place.is_dir() else []
    scenes = [each for each in inside if (each / "full").is_dir()]
    if len(scenes) > 1:
        raise UserError(f"{place} holds {len(scenes)} scenes; give one of them, such as {scenes[0]}")
    scene = scenes[0] if scenes else place
    if not (scene / "full").is_dir():
        return load_wave(path, focus_offset_A)
    if focus_offset_A != 0:
        raise UserError(f"{scene} says where its wave stands; a focus offset is for waves of other programs")
    waves = load_waves(scene).waves
    return waves.full if part == "full" else waves.particles


def export_wave(path: Path, part: Part, out: Path) -> str:
    """Write the wave at a path for another program, by the suffix of ``out``; returns a sentence.

    Raises UserError as `stored_wave` and `save_wave` do, and where something stands at ``out``.
    """
    if out.exists() or out.is_symlink():
        raise UserError(f"--out {out} is there already; choose another name")
    wave = stored_wave(path, part)
    told: dict[str, Any] = {"source": str(path), "part": part, "passband": __version__}
    save_wave(out, wave, told)
    ny, nx = wave.grid.shape
    return (
        f"{out}: {len(wave.field)} x {ny} x {nx} px of {A_to_nm(wave.grid.sampling_A):.4g} nm, "
        f"{wave.energy_eV / 1e3:g} kV; C10 = -defocus {wave.focus_offset_A:+.4g} Å gives the defocus of passband"
    )
