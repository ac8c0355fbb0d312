"""How far a stage is, as a bar in a terminal or plain lines: units done, failures, rate, remaining time.

The rate counts what this start has done, not what earlier ones had, so that the remaining time is true after
a resume.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

LINE_EVERY_S: Final = 30.0
"""Pause between two lines of progress where there is no terminal [s]."""


@dataclass(frozen=True)
class Count:
    """How far a stage is, in its units: of ``total``, some were ``already`` done or had ``failed_before``.

    done, failed_now: what this start has come to in so many seconds.
    """

    stage: str
    unit: str
    total: int
    already: int
    failed_before: int
    done: int = 0
    failed_now: int = 0
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Units that failed, before or now."""
        return self.failed_before + self.failed_now

    @property
    def now(self) -> int:
        """Units that ended in this start."""
        return self.done + self.failed_now

    @property
    def left(self) -> int:
        """Units that are still to come."""
        return self.total - self.already - self.failed_before - self.now

    @property
    def sentence(self) -> str:
        """For the terminal: units, rate, remaining time, failures."""
        parts = [f"{self.total - self.left}/{self.total} {self.unit}"]
        if self.now and self.seconds > 0:
            left_s = self.left * self.seconds / self.now
            parts += [f"{rate(self.now, self.seconds)} per hour", f"{duration(left_s)} left"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        return ", ".join(parts)


class Watcher(Protocol):
    """Who is told how far a stage is."""

    def begin(self, total: int, already: int, failed: int) -> None:
        """The stage begins: units in all, and how many of them were done, or had failed, before."""
        ...

    def advance(self, done: int, failed: int) -> None:
        """So many more units are done, and so many more have failed."""
        ...

    def end(self) -> None:
        """The stage has ended, or was stopped."""
        ...


class Silent:
    """Tells nobody."""

    def begin(self, total: int, already: int, failed: int) -> None:
        """Nothing."""

    def advance(self, done: int, failed: int) -> None:
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
        self._count = Count(title, unit, 0, 0, 0)
        self._started = self._told = self._clock()

    @property
    def count(self) -> "Count":
        """How far the stage is now."""
        return replace(self._count, seconds=self._clock() - self._started)

    def begin(self, total: int, already: int, failed: int) -> None:
        """The stage begins."""
        self._count = Count(self._title, self._unit, total, already, failed)
        self._started = self._told = self._clock()
        if self._console.is_terminal and self._count.left:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.add_task(self._title, total=total, completed=already + failed, told=self.count.sentence)
            self._bar.start()
        elif self._count.left:
            before = f", {already} done before" if already else ""
            self._line(f"{self._title}: {self._count.left} {self._unit} to do{before}")

    def advance(self, done: int, failed: int) -> None:
        """A task has ended."""
        own = self._count
        self._count = replace(own, done=own.done + done, failed_now=own.failed_now + failed)
        if self._bar:
            ended = self._count.total - self._count.left
            self._bar.update(self._bar.task_ids[0], completed=ended, told=self.count.sentence)
        elif self._clock() - self._told >= LINE_EVERY_S:
            self._line(f"{self._title}: {self.count.sentence}")

    def end(self) -> None:
        """The stage has ended, or was stopped."""
        if self._bar:
            self._bar.stop()
            self._bar = None
        own = self.count
        took = f" in {duration(own.seconds)}" if own.now else ""
        failed = f", {own.failed} failed" if own.failed else ""
        done = own.already + own.done
        self._line(f"{self._title}: {done} of {own.total} {self._unit}{took}{failed}")

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
