"""The driver's pulse: notes while the block lasts, and an end when it is asked for; no note can disturb the run."""

import threading
import time

import pytest

from passband.execution import heartbeat as pulse
from passband.execution.heartbeat import heartbeat
from passband.execution.interruption import Interrupted, interruptible


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT_S", 0.02)
    monkeypatch.setattr(pulse, "LOOK_S", 0.005)


def test_notes_are_written_while_the_block_lasts_and_once_more_at_its_end() -> None:
    notes: list[float] = []
    with heartbeat(lambda: notes.append(time.monotonic()), lambda: False):
        time.sleep(0.3)
        during = len(notes)
    assert during >= 3
    ended = len(notes)
    assert ended > during
    time.sleep(0.1)
    assert len(notes) == ended


def test_a_request_to_stop_ends_the_block_as_an_interruption_does() -> None:
    asked = threading.Event()
    started = time.monotonic()

    def wait_for_ever() -> None:
        with interruptible(), heartbeat(lambda: None, asked.is_set):
            asked.set()
            time.sleep(60)

    with pytest.raises(Interrupted, match="run the same command again"):
        wait_for_ever()
    assert time.monotonic() - started < 10


def test_a_note_that_cannot_be_written_does_not_stop_the_run() -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    with heartbeat(full, lambda: False):
        time.sleep(0.1)
