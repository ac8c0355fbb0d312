"""`passband stop RUN`: ask the driver of a run to end, wherever it is, and wait until it has."""

import time
from pathlib import Path
from typing import Final

from passband.errors import UserError
from passband.storage.atomic import write_text
from passband.storage.run_folder import RunFolder

PATIENCE_S: Final = 60.0
"""How long to wait for the driver [s]; it needs up to ten."""
_LOOK_S: Final = 0.1


def stop_run(root: Path, patience_s: float = PATIENCE_S) -> str:
    """Ask the driver at work in a run folder to stop, as Ctrl-C would; returns a sentence when it has.

    Raises UserError when there is no run folder, no driver at work in it, or when it does not end in time.
    """
    folder = RunFolder.existing(root)
    if not folder.is_locked():
        raise UserError(f"no run is at work in {root}; there is nothing to stop")
    write_text(folder.stop_request, "asked to stop by `passband stop`\n")
    deadline = time.monotonic() + patience_s
    while folder.is_locked():
        if time.monotonic() > deadline:
            raise UserError(
                f"the run in {root} has not ended in {patience_s:.0f} s; passband status says whether it lives"
            )
        time.sleep(_LOOK_S)
    folder.stop_request.unlink(missing_ok=True)
    return f"the run in {root} has stopped; everything finished is kept, run the same command again to go on"
