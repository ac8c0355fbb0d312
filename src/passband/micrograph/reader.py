"""Reading a user's micrograph: from a file to one image with a pixel size, or to a reason why not.

The order of the questions decides what the user is told first: is the file there and sound, is it an image,
which image of it, is it large enough and not too large, how large are its pixels. Nothing is loaded before
all the rest is answered.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from passband.errors import UserError
from passband.micrograph.calibration import pixel_size
from passband.micrograph.choice import chosen_frame
from passband.micrograph.image import Micrograph
from passband.micrograph.intensities import grey_values
from passband.micrograph.signals import StoredSignal

FORMATS: Final[dict[str, str]] = {
    ".dm3": "digital_micrograph",
    ".dm4": "digital_micrograph",
    ".emd": "emd",
    ".emi": "tia",
    ".ser": "tia",
    ".mrc": "mrc",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".png": "png",
}
"""Suffix -> module of ``passband.micrograph.formats``, imported when a file needs it."""


def load_micrograph(path: Path, pixel_size_nm: float | None = None, frame: int | None = None) -> Micrograph:
    """The image that a file holds, or one of its images where ``frame`` says which.

    pixel_size_nm: used instead of what the file says, for both axes.
    Raises UserError where the file is missing, damaged or too large, holds no image of intensities or several
    of them, or does not say how large its pixels are.
    """
    with _signals(path) as signals:
        chosen = chosen_frame(signals, frame, path)
        size = pixel_size(chosen.signal.axes[-2:], pixel_size_nm, path.name)
        values = grey_values(chosen.signal.read_frame(chosen.index), path.name)
    return Micrograph(
        image=values.image,
        pixel_size_nm=size.nm,
        pixel_size_origin=size.origin,
        source=path.name,
        frame=chosen.number,
        notes=size.notes + values.notes,
    )


@contextmanager
def _signals(path: Path) -> Iterator[list[StoredSignal]]:
    """The signals of a file; whatever goes wrong in its reader is told as one sentence."""
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"{path.name} is none of the files that passband reads: {' '.join(FORMATS)}")
    if not path.is_file():
        raise UserError(
            f"{path} is {'not a file' if path.exists() else 'not there'}; give the path of a micrograph"
        )
    try:
        module = importlib.import_module(f"passband.micrograph.formats.{FORMATS[path.suffix.lower()]}")
        with module.open_signals(path) as signals:
            yield signals
    except UserError:
        raise
    except PermissionError:
        raise UserError(f"{path} may not be read; change its permissions") from None
    except MemoryError:
        raise UserError(
            f"{path.name} needs more memory than there is; save the image by itself, or binned"
        ) from None
    except Exception as error:  # a damaged file makes its reader fail in any way
        raise UserError(f"{path.name} is damaged, or no {path.suffix} file: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200]
