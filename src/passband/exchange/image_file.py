"""From a stored exit wave to an image in a file: what the command `passband image` does."""

import hashlib
import json
from dataclasses import dataclass, replace
from math import degrees, isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from passband import __version__
from passband.errors import UserError
from passband.exchange.wave_file import Part, stored_wave
from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.coherence import source_points
from passband.imaging.condition import ImagingCondition
from passband.imaging.detector import Detector, Falloff, Table
from passband.imaging.distribution import ImagingDistribution
from passband.imaging.draw import draw_conditions, mean_condition
from passband.imaging.extent import check_fits
from passband.imaging.focus import minimum_contrast_C10_A
from passband.imaging.image import expose, intensity
from passband.imaging.pixels import image_grid
from passband.imaging.recording import Recording, recording
from passband.micrograph.image import Micrograph
from passband.micrograph.overlay import overlay
from passband.micrograph.pictures import png_bytes, tiff_bytes
from passband.seeds import seed_for
from passband.storage.atomic import write_bytes
from passband.units import A_PER_MM, A_to_nm
from passband.wave import ExitWave

_KIND: Final = "passband image"


@dataclass(frozen=True)
class ImageOptions:
    """How a wave becomes an image.

    seed: draws one condition of the distribution, and its shot noise; None: the mean condition without noise.
    noise: whether to draw shot noise at all. part, focus_offset_A: for `stored_wave`. find_focus: count defocus from
    the plane in which this wave has the least contrast, as the scenes of a study do from that of their particles.
    """

    seed: int | None = None
    noise: bool = True
    part: Part = "full"
    focus_offset_A: float = 0.0
    find_focus: bool = False


def image_file(
    path: Path, imaging: ImagingDistribution, options: ImageOptions, out: Path, where: str
) -> tuple[str, ...]:
    """Form an image of the wave at a path and write ``out`` (TIFF, float32, vacuum 1), a PNG and a record beside it.

    where: what the imaging distribution is called in errors. Returns lines for the terminal. Raises UserError where
    the wave cannot be read, energies differ, the image does not fit the field, or a file of something else would be
    replaced; nothing is written then.
    """
    files = _targets(out, path)
    wave = stored_wave(path, options.part, options.focus_offset_A)
    if options.find_focus:
        wave = replace(wave, focus_offset_A=wave.focus_offset_A + minimum_contrast_C10_A(wave))
    check_fits(imaging, min(wave.grid.extent_A), wave.grid.nyquist_per_A, where)
    condition, how = _condition(imaging, options), recording(imaging)
    size_nm = A_to_nm(image_grid(wave.grid, how.pixel_A, where=f"{where}: pixel_nm").sampling_A)
    image = _formed(wave, condition, how, options)
    told = _told(path, wave, condition, imaging, options)
    micrograph = Micrograph(image, (size_nm, size_nm), "the wave", path.name)
    contents = {
        ".tif": tiff_bytes(image, (size_nm, size_nm)),
        ".png": png_bytes(overlay(micrograph, np.zeros(image.shape, dtype=np.bool_))),
    }
    told["sha256"] = {files[kind].name: hashlib.sha256(data).hexdigest() for kind, data in contents.items()}
    contents[".json"] = (json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    for kind, file in files.items():  # the record first: it claims the others
        write_bytes(file, contents[kind])
    return (*_lines(files, image, wave, told), f"also {files['.png']} with a scale bar, and {files['.json']}")


def _lines(
    files: dict[str, Path], image: NDArray[np.float32], wave: ExitWave, told: dict[str, Any]
) -> tuple[str, ...]:
    ny, nx = image.shape
    size_nm, contrast = A_to_nm(told["sampling_A"]), 100 * float(image.std() / image.mean())
    side = "before" if wave.focus_offset_A < 0 else "behind"  # C10 > 0 propagates along the beam
    lines = [
        f"{files['.tif']}: {nx} x {ny} px of {size_nm:.4g} nm, vacuum 1, contrast (std/mean) {contrast:.1f} %",
        f"{told['drawn']}: " + ", ".join(f"{key} {value:.4g}" for key, value in told["condition"].items()),
        f"defocus counts from {abs(wave.focus_offset_A):.1f} Å {side} the plane of the stored wave",
    ]
    if source := told.get("source"):
        kind = " (a sequence)" if source["is_sequence"] else ""
        lines.append(
            f"explicit: {source['points']} points{kind}, "
            f"error of interference up to {source['error']:.2g} (worst two waves)"
        )
    if "detector" in told:
        lines.append(f"detector: {told['detector']}")
    return tuple(lines)


def _formed(
    wave: ExitWave, condition: ImagingCondition, how: Recording, options: ImageOptions
) -> NDArray[np.float32]:
    image, pixel_A = intensity(wave, condition, how), image_grid(wave.grid, how.pixel_A).sampling_A
    if options.seed is not None and options.noise:
        generator = torch.Generator().manual_seed(seed_for(options.seed, "image", "noise"))
        image = expose(image, condition.dose_e_per_A2, pixel_A**2, generator, how.detector)
    return image.numpy().astype(np.float32)


def _condition(imaging: ImagingDistribution, options: ImageOptions) -> ImagingCondition:
    return mean_condition(imaging) if options.seed is None else draw_conditions(imaging, 1, options.seed)[0]


def _settings(condition: ImagingCondition) -> dict[str, float]:
    """The condition in the units of its keys; what is 0 or infinite is left out."""
    values = {
        "energy_kV": condition.energy_eV / 1e3,
        "defocus_nm": A_to_nm(float(condition.defocus_A)),
        "Cs_mm": float(condition.coefficient_A("C30")) / A_PER_MM,
        "focal_spread_nm": A_to_nm(float(condition.focal_spread_A)),
        "convergence_mrad": 1e3 * float(condition.convergence_rad),
        "dose_e_per_A2": float(condition.dose_e_per_A2),
    }
    for index, (symbol, _, symmetry, _) in enumerate(ABERRATIONS):
        if symbol not in ("C10", "C30") and float(condition.coefficients_A[index]) != 0:
            values[f"{symbol}_nm"] = A_to_nm(float(condition.coefficients_A[index]))
            if symmetry:
                values[f"phi{symbol[1:]}_deg"] = degrees(float(condition.azimuths_rad[index]))
    if condition.vibration_A is not None:
        values["vibration_nm"] = A_to_nm(float(condition.vibration_A))
    if condition.drift_A is not None:
        values["drift_y_nm"], values["drift_x_nm"] = (A_to_nm(float(part)) for part in condition.drift_A)
    return {key: value for key, value in values.items() if key == "defocus_nm" or (value and isfinite(value))}


def _told(
    path: Path,
    wave: ExitWave,
    condition: ImagingCondition,
    imaging: ImagingDistribution,
    options: ImageOptions,
) -> dict[str, Any]:
    settings = _settings(condition)
    seed = options.seed
    drawn = "mean condition, no shot noise" if seed is None else f"condition drawn with seed {seed}"
    if options.seed is None or not options.noise:
        settings.pop("dose_e_per_A2", None)
    return {
        "kind": _KIND,
        "passband": __version__,
        "wave": str(path),
        "part": options.part,
        "configurations": len(wave.field),
        "focus_offset_A": wave.focus_offset_A,
        "sampling_A": image_grid(wave.grid, recording(imaging).pixel_A).sampling_A,
        "drawn": drawn,
        "seed": options.seed,
        "condition": settings,
        **_recorded(wave, condition, recording(imaging)),
        "imaging": imaging.model_dump(mode="json"),
    }


def _recorded(wave: ExitWave, condition: ImagingCondition, how: Recording) -> dict[str, Any]:
    """What stood for the source where intensities were averaged, and the detector where there is one."""
    told: dict[str, Any] = {}
    if how.coherence == "explicit":
        points = source_points(condition, wave.grid, how.most_points)
        told["source"] = {
            "points": len(points.weight),
            "is_sequence": points.is_sequence,
            "error": points.error,
        }
    if how.detector is not None:
        told["detector"] = _named(how.detector)
    return told


def _named(detector: Detector) -> str:
    """What sets a detector apart from an ideal one, in words."""
    words = [
        f"{name} {_shape(curve)}"
        for name, curve in (("MTF", detector.mtf), ("NTF", detector.ntf))
        if curve is not None
    ]
    words += ["pixel area"] if detector.pixel_integration else []
    words += [] if detector.pixel_nm is None else [f"pixel {detector.pixel_nm:g} nm"]
    return ", ".join([*words, f"DQE(0) {detector.DQE0:g}"])


def _shape(curve: Falloff | Table) -> str:
    if isinstance(curve, Falloff):
        return f"{curve.form}, half at {curve.half_at:g} of Nyquist"
    return f"table of {len(curve)} rows"


def _targets(out: Path, wave: Path) -> dict[str, Path]:
    """The three files; UserError where one stands there that is no earlier image, or the name is no TIFF's."""
    if out.suffix.lower() not in (".tif", ".tiff"):
        raise UserError(f"--out {out}: must end in .tif; the PNG gets the same name")
    files = {".json": out.with_suffix(".json"), ".tif": out, ".png": out.with_suffix(".png")}
    standing = [file for file in files.values() if file.exists() or file.is_symlink()]
    if standing and not _is_ours(files[".json"]):
        raise UserError(f"--out {out}: {standing[0]} is there and no image of passband; choose another name")
    if wave.resolve() in {file.resolve() for file in files.values()}:
        raise UserError(f"--out {out} is the wave itself; choose another name")
    return files


def _is_ours(record: Path) -> bool:
    try:
        told = json.loads(record.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("kind") == _KIND
