"""How many workers this machine carries: its usable cores and memory, not those that are printed on the box.

A container, a job of a batch system or `taskset` may allow less than the machine has. Control groups,
version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html.
"""

import os
from pathlib import Path
from typing import Final

MEMORY_PER_WORKER_BYTES: Final = 3 * 2**29
"""What one worker may need: libraries (0.4 GiB), kept pools and test images (0.75 GiB), a small network, a batch."""
_CGROUP: Final = Path("/sys/fs/cgroup")
_MEMINFO: Final = Path("/proc/meminfo")


def default_workers(memory_per_worker_bytes: int = MEMORY_PER_WORKER_BYTES) -> int:
    """One worker per usable core, fewer where the memory does not suffice, at least one."""
    return max(1, min(usable_cores(), usable_memory_bytes() // memory_per_worker_bytes))


def usable_cores(cgroup: Path = _CGROUP) -> int:
    """Cores that this process may use: the lesser of its affinity and its control group's quota, but 1."""
    allowed = len(os.sched_getaffinity(0))
    quota, _, period = _line(cgroup / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        allowed = min(allowed, int(quota) // int(period))
    return max(1, allowed)


def usable_memory_bytes(cgroup: Path = _CGROUP, meminfo: Path = _MEMINFO) -> int:
    """Memory [bytes] free for this process now: the lesser of the machine's and its control group's."""
    lines = (line.split() for line in _text(meminfo).splitlines())
    machine = next((int(words[1]) * 1024 for words in lines if words[0] == "MemAvailable:"), 2**62)
    limit, used = _line(cgroup / "memory.max"), _line(cgroup / "memory.current")
    group = int(limit) - int(used or 0) if limit.isdigit() else machine
    return max(0, min(machine, group))


def _line(path: Path) -> str:
    return _text(path).strip()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
