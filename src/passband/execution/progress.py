"""How far a stage is, as a bar in a terminal or plain lines: units done, failures, rate, remaining time.

The rate counts what this start has done, not what earlier ones had, so that the remaining time is true after
a resume.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

LINE_EVERY_S: Final = 30.0
"""Pause between two lines of progress where there is no terminal [s]."""


class Watcher(Protocol):
    """Who is told how far a stage is."""

    def begin(self, total: int, already: int) -> None:
        """The stage begins: units in all, and how many of them were done before."""
        ...

    def advance(self, units: int, failed: bool) -> None:
        """A task with so many units has ended."""
        ...

    def end(self) -> None:
        """The stage has ended, or was stopped."""
        ...


class Silent:
    """Tells nobody."""

    def begin(self, total: int, already: int) -> None:
        """Nothing."""

    def advance(self, units: int, failed: bool) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class StageProgress:
    """Shows one stage on the terminal, or prints a line at its begin, about every 30 s, and at its end."""

    def __init__(
        self,
        title: str,
        unit: str = "tasks",
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """title: name of the stage. unit: what it counts, in the plural. clock: seconds, for tests."""
        self._title, self._unit, self._clock = title, unit, clock
        self._console = console or Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._total = self._already = self._done = self._failed = 0
        self._started = self._told = 0.0

    def begin(self, total: int, already: int) -> None:
        """The stage begins."""
        self._total, self._already, self._done, self._failed = total, already, 0, 0
        self._started = self._told = self._clock()
        if self._console.is_terminal and already < total:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.add_task(self._title, total=total, completed=already, told=self._state())
            self._bar.start()
        elif already < total:
            self._line(f"{self._title}: {total - already} {self._unit} to do" + self._before())

    def advance(self, units: int, failed: bool) -> None:
        """A task has ended."""
        self._done += 0 if failed else units
        self._failed += units if failed else 0
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._ended, told=self._state())
        elif self._clock() - self._told >= LINE_EVERY_S:
            self._line(f"{self._title}: {self._state()}")

    def end(self) -> None:
        """The stage has ended, or was stopped."""
        if self._bar:
            self._bar.stop()
            self._bar = None
        took = "" if self._already == self._total else f" in {duration(self._clock() - self._started)}"
        failed = f", {self._failed} failed" if self._failed else ""
        self._line(f"{self._title}: {self._already + self._done} of {self._total} {self._unit}{took}{failed}")

    @property
    def _ended(self) -> int:
        return self._already + self._done + self._failed

    def _state(self) -> str:
        now = self._done + self._failed
        elapsed = self._clock() - self._started
        parts = [f"{self._ended}/{self._total} {self._unit}"]
        if now and elapsed > 0:
            left = (self._total - self._ended) * elapsed / now
            parts += [f"{rate(now, elapsed)} per hour", f"{duration(left)} left"]
        if self._failed:
            parts.append(f"{self._failed} failed")
        return ", ".join(parts)

    def _before(self) -> str:
        return f", {self._already} done before" if self._already else ""

    def _line(self, text: str) -> None:
        self._told = self._clock()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def rate(units: int, seconds: float) -> str:
    """Units per hour, with three digits below 100 and whole above."""
    per_hour = units * 3600 / seconds
    return f"{per_hour:.3g}" if per_hour < 100 else f"{per_hour:.0f}"


def duration(seconds: float) -> str:
    """A duration for people: 45 s, 12 min, 3 h 05 min. Raises ValueError below zero."""
    if seconds < 0:
        raise ValueError("a duration is not negative")
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
