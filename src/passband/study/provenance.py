"""Where results come from: versions, machine and every start of a run, kept beside the tables."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from passband import __version__
from passband.records import content_id
from passband.storage.documents import load_json, write_json
from passband.study.study import Study

PACKAGES = ("numpy", "torch", "scipy", "pandas", "zarr", "pyarrow", "ase", "gemmi", "dask", "pydantic")
"""The packages whose versions may change numbers."""


def append_start(path: Path, study: Study, workers: int, wall_seconds: Mapping[str, float]) -> None:
    """Add one start of a study to the record of its folder; starts in which nothing was done are left out."""
    if path.exists() and sum(wall_seconds.values()) < 1.0:
        return
    starts = load_json(path)["starts"] if path.exists() else []
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    start = {
        "study_id": content_id(study),
        "ended": ended,
        "workers": workers,
        "wall_seconds": dict(wall_seconds),
    }
    write_json(path, {"starts": [*starts, start | surroundings()]})


def surroundings() -> dict[str, Any]:
    """Versions, source revision and machine, as plain data; no host or user names."""
    return {
        "passband": __version__,
        "source": source_revision(),
        "python": sys.version.split()[0],
        "packages": {name: version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
    }


def source_revision() -> str:
    """The commit of the source tree, with a mark when files differ from it; 'released' outside one."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        described = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "released"
    return described.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
