"""Progress tells the truth after a resume, in lines where there is no terminal, and it knows the machine."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from passband.execution.progress import LINE_EVERY_S, StageProgress, duration, rate
from passband.execution.workers import default_workers, usable_cores, usable_memory_bytes


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown(terminal: bool, width: int = 100) -> tuple[StageProgress, Clock, io.StringIO]:
    text, clock = io.StringIO(), Clock()
    console = Console(file=text, force_terminal=terminal, width=width, color_system=None)
    return StageProgress("training", "networks", console, clock), clock, text


def test_lines_come_at_the_begin_every_half_minute_and_at_the_end() -> None:
    progress, clock, text = shown(terminal=False)
    progress.begin(total=100, already=20, failed=0)
    for step in range(40):
        clock.now += LINE_EVERY_S / 3
        progress.advance(*((0, 2) if step == 0 else (2, 0)))
    progress.end()
    lines = text.getvalue().splitlines()
    assert lines[0] == "training: 80 networks to do, 20 done before"
    assert lines[1] == "training: 26/100 networks, 720 per hour, 6 min left, 2 failed"
    assert len(lines) == 1 + 40 // 3 + 1
    assert lines[-1] == "training: 98 of 100 networks in 7 min, 2 failed"


def test_the_rate_counts_only_what_this_start_has_done() -> None:
    """900 of 1,000 were done before; 10 in 100 s are 360 per hour, and 90 more need 900 s = 15 min."""
    progress, clock, text = shown(terminal=False)
    progress.begin(total=1000, already=900, failed=0)
    clock.now += 100
    progress.advance(10, failed=0)
    assert text.getvalue().splitlines()[-1] == "training: 910/1000 networks, 360 per hour, 15 min left"


def test_a_finished_stage_is_one_line() -> None:
    progress, _, text = shown(terminal=False)
    progress.begin(total=5, already=5, failed=0)
    progress.end()
    assert text.getvalue() == "training: 5 of 5 networks\n"


@pytest.mark.parametrize("width", [20, 40, 100])
def test_a_bar_fits_any_terminal(width: int) -> None:
    progress, clock, text = shown(terminal=True, width=width)
    progress.begin(total=3, already=0, failed=0)
    clock.now += 10
    progress.advance(0, failed=1)
    progress.end()
    progress.end()
    assert "training: 0 of 3 networks in 10 s, 1 failed" in text.getvalue()


@given(st.floats(0, 1e7))
def test_a_duration_reads_back_within_three_percent(seconds: float) -> None:
    """Above 100 s the rounding is half a minute at most, 1/200 of 100 min or 3/10 of 100 s."""
    text = duration(seconds)
    per = {"s": 1, "min": 60, "h": 3600}
    words = text.split()
    read = sum(float(number) * per[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert abs(read - seconds) <= max(0.5, 30 if seconds >= 100 else 0)


def test_a_duration_is_not_negative() -> None:
    with pytest.raises(ValueError, match="not negative"):
        duration(-1)


@pytest.mark.parametrize(
    ("units", "seconds", "told"), [(1, 3600, "1"), (1, 480, "7.5"), (1000, 100, "36000")]
)
def test_a_rate_is_per_hour(units: int, seconds: float, told: str) -> None:
    assert rate(units, seconds) == told


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", None), ("150000 100000", 1), ("50000 100000", 1), ("100000000 100000", None), ("", None)],
)
def test_a_quota_of_the_control_group_limits_the_cores(tmp_path: Path, quota: str, cores: int | None) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert usable_cores(tmp_path) == (len(os.sched_getaffinity(0)) if cores is None else cores)


def test_the_lesser_memory_counts(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:    2000 kB\n")
    assert usable_memory_bytes(tmp_path, meminfo) == 2000 * 1024
    (tmp_path / "memory.max").write_text("1500000\n")
    (tmp_path / "memory.current").write_text("500000\n")
    assert usable_memory_bytes(tmp_path, meminfo) == 1_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert usable_memory_bytes(tmp_path, meminfo) == 2000 * 1024


def test_workers_are_as_many_as_memory_and_cores_allow_and_one_at_least() -> None:
    assert 1 <= default_workers() <= usable_cores()
    assert default_workers(memory_per_worker_bytes=2**60) == 1
