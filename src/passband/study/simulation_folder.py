"""The folder of one simulation: written as a whole, and replaced only where it is one of ours.

OUT/  simulation.json   what was simulated and how, versions, and the SHA-256 of every other file
      waves.zarr/scene  both exit waves, as in a run folder
      image.tif .png    the image: float32 with its pixel size, and a picture with a scale bar
      exit_wave.*       the wave of all atoms for another program, where that was asked for
      check.*           what each setting costs, where that was asked for
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from passband.accuracy.run import Own
from passband.errors import UserError
from passband.exchange.waves import check_writer, save_wave
from passband.micrograph.image import Micrograph
from passband.micrograph.overlay import overlay
from passband.micrograph.pictures import png_bytes, tiff_bytes
from passband.storage.atomic import explained_io, replacing
from passband.storage.documents import write_json
from passband.storage.waves import save_waves
from passband.study.provenance import surroundings
from passband.study.specimens import Prepared
from passband.units import A_to_nm

RECORD: Final = "simulation.json"
WAVES: Final = "waves.zarr"
IMAGE_TIFF, IMAGE_PNG = "image.tif", "image.png"
CHECK_FILES: Final = ("check.json", "check.html", "check.svg", "check.png")
WaveFormat = Literal["abtem", "hspy", "zspy"]
WAVE_FILES: Final[dict[WaveFormat, str]] = {
    "abtem": "exit_wave.zarr",
    "hspy": "exit_wave.hspy",
    "zspy": "exit_wave.zspy",
}
_OURS: Final = {RECORD, WAVES, IMAGE_TIFF, IMAGE_PNG, *CHECK_FILES, *WAVE_FILES.values()}


def wave_format_of(name: str | None) -> WaveFormat | None:
    """The format of this name. Raises UserError for another one."""
    if name is None:
        return None
    for known in WAVE_FILES:
        if name == known:
            return known
    raise UserError(f"--wave-format {name}: must be one of {', '.join(WAVE_FILES)}")


def check_folder(folder: Path, wave_format: WaveFormat | None = None) -> None:
    """Raises UserError where anything but an earlier simulation would be replaced, or the wave could not be written."""
    if wave_format:
        check_writer(folder / WAVE_FILES[wave_format])
    with explained_io("opening", folder):
        if not folder.exists():
            return
        if not folder.is_dir() or folder.is_symlink():
            raise UserError(f"--out {folder} is no folder; give a new one")
        names = {entry.name for entry in folder.iterdir()}
    if names and not (RECORD in names and names <= _OURS):
        raise UserError(f"--out {folder} holds something else than a simulation; give a new folder")


def write_folder(
    folder: Path, prepared: Prepared, own: Own, pages: Mapping[str, bytes], wave_format: WaveFormat | None
) -> None:
    """Write everything, or nothing; pages: files of a check by name. Raises UserError for errors of the disk."""
    with replacing(folder) as partial:
        partial.mkdir(parents=True)
        told = _told(prepared, own)
        save_waves(partial / WAVES / "scene", own.waves, told)
        if wave_format:
            save_wave(partial / WAVE_FILES[wave_format], own.waves.full, told)
        for name, data in {**_pictures(prepared, own), **pages}.items():
            (partial / name).write_bytes(data)
        files = {
            path.relative_to(partial).as_posix(): path
            for path in sorted(partial.rglob("*"))
            if path.is_file()
        }
        sums = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
        write_json(partial / RECORD, told | {"sha256": sums, "made_by": surroundings()})


def _told(prepared: Prepared, own: Own) -> dict[str, Any]:
    specimen, imaging = prepared.specimen, prepared.imaging.model_dump(mode="json")
    return {
        "kind": "passband simulation",
        "source": prepared.request.source,
        "specimen": prepared.source,
        "atoms": len(specimen.atoms),
        "cell_A": list(specimen.atoms.cell_A),
        "seed": specimen.seed,
        "simulation": specimen.spec.model_dump(mode="json"),
        "imaging": imaging,
        "image": "noiseless, at the mean of every setting of imaging; 1 is vacuum",
        "cpu_seconds": round(own.seconds, 3),
    }


def _pictures(prepared: Prepared, own: Own) -> dict[str, bytes]:
    """The image as float32 TIFF with its pixel size, and as PNG with a scale bar."""
    image = own.image.numpy().astype(np.float32)
    size_nm = A_to_nm(own.waves.full.grid.extent_A[1]) / image.shape[1]
    micrograph = Micrograph(image, (size_nm, size_nm), "the simulation", prepared.request.source)
    return {
        IMAGE_TIFF: tiff_bytes(image, micrograph.pixel_size_nm),
        IMAGE_PNG: png_bytes(overlay(micrograph, np.zeros(image.shape, dtype=np.bool_))),
    }
