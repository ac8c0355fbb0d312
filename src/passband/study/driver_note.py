"""What the driver of a run says of itself every few seconds, and what others read of it."""

import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from passband.errors import UserError
from passband.execution.progress import Count
from passband.storage.documents import load_json, write_json


@dataclass(frozen=True)
class DriverNote:
    """process, host: of the driver. written: when, in UTC. part: as asked for. count: of the stage at work."""

    study_id: str
    process: int
    host: str
    written: str
    part: tuple[int, int] | None
    count: Count | None

    @classmethod
    def of(cls, study_id: str, part: tuple[int, int] | None, count: Count | None) -> Self:
        """The note of this process, now."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(study_id, os.getpid(), socket.gethostname(), now, part, count)

    @property
    def age_s(self) -> float:
        """Seconds since it was written, by the clocks of both machines."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.written)).total_seconds()


def write_note(path: Path, note: DriverNote) -> None:
    """Replace the note. Raises UserError when the disk does not take it."""
    write_json(path, asdict(note))


def load_note(path: Path) -> DriverNote | None:
    """The latest note; None where there is none, or none that can be read."""
    try:
        told: dict[str, Any] = load_json(path)
        count = None if told["count"] is None else Count(**told["count"])
        part = None if told["part"] is None else (int(told["part"][0]), int(told["part"][1]))
        return DriverNote(**told | {"count": count, "part": part})
    except (UserError, KeyError, TypeError, ValueError):
        return None
