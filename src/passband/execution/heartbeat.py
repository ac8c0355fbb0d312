"""The driver's pulse: how far it is, written every few seconds, and a look at whether it is asked to stop.

Both go through the run folder and not through signals or ports, so that ``passband status`` and ``passband stop``
work from any machine that sees the folder.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

BEAT_S: Final = 5.0
"""Pause between two notes [s]."""
LOOK_S: Final = 0.5
"""Pause between two looks for a request to stop [s]."""


@contextmanager
def heartbeat(note: Callable[[], None], asked_to_stop: Callable[[], bool]) -> Iterator[None]:
    """During the block, write a note every 5 s, and end the block as Ctrl-C does when a stop is asked for.

    note, asked_to_stop: called in a thread of their own. A note that cannot be written is left out. The block is
    ended by a SIGTERM of this process to itself, which `interruptible` answers.
    """
    ended = threading.Event()

    def beat() -> None:
        noted = -BEAT_S
        while True:
            if time.monotonic() - noted >= BEAT_S:
                _quietly(note)
                noted = time.monotonic()
            if ended.wait(LOOK_S):
                return
            if asked_to_stop():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _quietly(note)


def _quietly(note: Callable[[], None]) -> None:
    """A full disk stops the run where results are written, not here."""
    try:
        note()
    except Exception:
        return  # whatever a note meets, the run goes on
