"""Simulate one scene, of a study or of the user's own atoms, and say what its settings cost.

Everything is computed before anything is written, and the folder is written as a whole: after an interruption there is
either all of it or nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from passband.accuracy.check import Watcher, check
from passband.accuracy.result import Check
from passband.accuracy.run import Own, Specimen, simulated
from passband.errors import UserError
from passband.execution.interruption import Interrupted, interruptible
from passband.study.simulation_folder import WaveFormat, check_folder, write_folder
from passband.study.specimens import Request, prepare

Pages = Callable[[Check, Mapping[str, str]], Mapping[str, bytes]]
"""A check and what it is of, in words -> files by name, all of CHECK_FILES."""


@dataclass(frozen=True)
class Checking:
    """That a convergence study is wanted: CPU seconds that it may take, how its pages are made, who watches."""

    budget_s: float
    pages: Pages
    watcher: Watcher


@dataclass(frozen=True)
class Outcome:
    """What was found and written; lines: for the terminal."""

    lines: tuple[str, ...]
    check: Check | None


def simulate_to(
    folder: Path, request: Request, checking: Checking | None = None, wave_format: WaveFormat | None = None
) -> Outcome:
    """Simulate, check if asked to, and write the folder; wave_format: for another program, besides our own.

    Raises UserError for anything that could not be simulated, imaged or written, before it is computed where that can
    be known; Interrupted after Ctrl-C or SIGTERM, with nothing written.
    """
    torch.set_num_threads(1)  # as studies do: with another number the last bits differ
    check_folder(folder, wave_format)
    found, pages = None, {}
    try:
        with interruptible():
            prepared = prepare(request)
            own = simulated(prepared.specimen)
            if checking is not None:
                found = check(*_stored_pixels(prepared.specimen, own), checking.budget_s, checking.watcher)
                pages = dict(checking.pages(found, prepared.words()))
            write_folder(folder, prepared, own, pages, wave_format)
    except Interrupted:
        raise _Stopped from None
    lines = (
        *(f"{what.lower()}: {value}" for what, value in prepared.words().items()),
        f"exit waves in {own.seconds:.1f} s of one core; the image has no shot noise",
        f"wrote {', '.join(sorted(entry.name for entry in folder.iterdir()))} to {folder}",
    )
    return Outcome(lines, found)


def _stored_pixels(specimen: Specimen, own: Own) -> tuple[Specimen, Own]:
    """The same with images at the pixels of the stored wave, on which a check compares them."""
    if specimen.recording.pixel_A is None:
        return specimen, own
    plain = replace(specimen, recording=replace(specimen.recording, pixel_A=None))
    return plain, replace(own, image=plain.image(own.waves.full))


class _Stopped(Interrupted):
    """A simulation has no half."""

    def __init__(self) -> None:
        UserError.__init__(self, "stopped; nothing was written")
