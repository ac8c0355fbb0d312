"""The door to RosettaSciIO (https://hyperspy.org/rosettasciio), which reads microscopes' own formats.

It is under the GPL and therefore optional: it is imported here only, when a file needs it.
"""

import importlib
import warnings
from pathlib import Path
from typing import Any, Final

from passband.errors import UserError
from passband.micrograph.formats.quiet import silenced

PIP_COMMAND: Final = "pip install 'passband[micrograph]'"


def imported(module: str, suffix: str, package: str) -> Any:
    """A module of an optional package; raises UserError with the pip command where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UserError(
            f"reading {suffix} files needs {package}, which is not installed: {PIP_COMMAND}"
        ) from None


def read_with_rosetta(plugin: str, path: Path, lazy: bool) -> list[dict[str, Any]]:
    """What RosettaSciIO's plugin reads of a file, without its warnings."""
    reader = imported(f"rsciio.{plugin}", path.suffix.lower(), "RosettaSciIO")
    with silenced("rsciio"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entries: list[dict[str, Any]] = reader.file_reader(str(path), lazy=lazy)
    return entries
