"""Stored waves by their path, whoever wrote them, and from one format to another."""

from math import isfinite
from pathlib import Path
from typing import Any, Final, Literal

from passband import __version__
from passband.electron import wavelength_A
from passband.errors import UserError
from passband.exchange.waves import load_wave, save_wave
from passband.storage.waves import load_waves
from passband.units import A_to_nm
from passband.wave import ExitWave

Part = Literal["full", "particles"]
"""Which wave of a scene: that of all atoms, or of the particles alone."""
FINEST_q_PER_A: Final = 1.25
"""Up to here, or to the band of the wave if that ends before, a focus offset has to keep detail in the field [1/Å].

The band of waves in standard pixels of 0.4 Å. Finer pixels of other programs shall not forbid an offset of some ten nm.
"""


def stored_wave(path: Path, part: Part = "full", focus_offset_A: float = 0.0) -> ExitWave:
    """The wave at a path: a file of `load_wave`, a scene of a run folder, or a folder of `passband simulate`.

    part: for a scene; other files hold one wave. focus_offset_A: as for `load_wave`; a scene says it itself.
    Raises UserError where there is no wave, or several, or no part, and for an offset that is not finite or carries
    detail beyond half the field.
    """
    if not isfinite(focus_offset_A):
        raise UserError(f"--focus-offset-A {focus_offset_A}: must be a finite number of Å, such as -25")
    place = path / "waves.zarr" if (path / "waves.zarr").is_dir() else path
    inside = sorted(place.glob("[!.]*")) if place.is_dir() else []
    scenes = [each for each in inside if (each / "full").is_dir()]
    if len(scenes) > 1:
        raise UserError(f"{place} holds {len(scenes)} scenes; give one of them, such as {scenes[0]}")
    scene = scenes[0] if scenes else place
    if not (scene / "full").is_dir():
        return _single_wave(path, part, focus_offset_A)
    if focus_offset_A != 0:
        raise UserError(f"{scene} says where its wave stands; a focus offset is for waves of other programs")
    waves = load_waves(scene).waves
    return waves.full if part == "full" else waves.particles


def _single_wave(path: Path, part: Part, focus_offset_A: float) -> ExitWave:
    if part != "full" and path.exists():
        raise UserError(f"{path} holds one wave; --part is for scenes of passband")
    wave = load_wave(path, focus_offset_A)
    q_per_A = min(wave.grid.nyquist_per_A, FINEST_q_PER_A)
    half_field_A = min(wave.grid.extent_A) / 2
    largest_A = half_field_A / (wavelength_A(wave.energy_eV) * q_per_A)  # detail of q moves by λ q |C10|
    if abs(focus_offset_A) > largest_A:
        raise UserError(
            f"--focus-offset-A {focus_offset_A:g}: would move detail of {q_per_A:.3g} 1/Å farther than half the field "
            f"of {A_to_nm(2 * half_field_A):.3g} nm; at most {largest_A:.0f} Å fit it, of either sign"
        )
    return wave


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
