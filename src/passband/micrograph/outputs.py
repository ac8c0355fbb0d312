"""The files that a segmentation leaves in a folder, and what they may replace.

A file is replaced only where it belongs to an earlier segmentation of the same image: the record of that one,
which is written first, says so. An input is never replaced.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from passband.errors import UserError
from passband.storage.atomic import explained_io, write_bytes

RECORD, MASK_TIFF, MASK_PNG = "segmentation.json", "mask.tif", "mask.png"
OVERLAY, TABLE, PROBABILITY = "overlay.png", "particles.csv", "probability.tif"
KINDS: Final = (RECORD, MASK_TIFF, MASK_PNG, OVERLAY, TABLE, PROBABILITY)
"""In the order of writing: the record claims the others."""


def targets(path: Path, frame: int | None, folder: Path) -> dict[str, Path]:
    """Every file that a segmentation of an image may write, by its kind."""
    stem = path.stem if frame is None else f"{path.stem}.frame{frame}"
    return {kind: folder / f"{stem}.{kind}" for kind in KINDS}


def check_targets(files: Mapping[str, Path], path: Path, inputs: tuple[Path, ...]) -> None:
    """Raises UserError where a file would replace an input, or anything but a result of the same image."""
    folder = files[RECORD].parent
    existing = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise UserError(f"nothing can be written to {folder}; choose another folder with --out")
    kept = {entry.resolve() for entry in (path, *inputs)}
    claimed = _belongs_to(files[RECORD], path)
    for file in files.values():
        if file.resolve() in kept:
            raise UserError(f"{file} is an input and would be replaced; choose another folder with --out")
        if file.exists() and not claimed:
            raise UserError(f"{file} is no result of {path.name}; choose another folder with --out")


def write_outputs(files: Mapping[str, Path], contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write each file whole or not at all, and remove what an earlier segmentation wrote besides."""
    for kind in KINDS:
        if kind in contents:
            write_bytes(files[kind], contents[kind])
        else:
            with explained_io("removing", files[kind]):
                files[kind].unlink(missing_ok=True)
    return tuple(files[kind] for kind in KINDS if kind in contents)


def _belongs_to(record: Path, path: Path) -> bool:
    """Whether there is a record of an earlier segmentation of the file at this path."""
    try:
        told = json.loads(record.read_bytes())["input"]
        return (told["file"], told["folder"]) == (path.name, str(path.resolve().parent))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
