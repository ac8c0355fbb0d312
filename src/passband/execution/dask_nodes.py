"""The two services of a cluster, with the settings that our tasks need: one scheduler, and workers on every node.

Dask runs whatever its clients send, and asks nobody who he is. So the scheduler listens on the loopback unless it
is told an address, and that must belong to a network on which everybody is trusted, such as that of a cluster.
"""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import dask
from distributed import Nanny, Scheduler

from passband.errors import UserError
from passband.execution.dask_settings import SETTINGS, WORKER_ENVIRONMENT
from passband.execution.tasks import DEVICE_VARIABLE
from passband.execution.workers import usable_memory_bytes

LOOPBACK: Final = "127.0.0.1"
START_TIMEOUT_S: Final = 300
"""How long workers wait for a scheduler [s]."""


def serve_scheduler(file: Path, host: str = LOOPBACK) -> None:
    """Run a scheduler until SIGTERM or SIGINT; its address goes to the file, which is removed at the end.

    host: the address to listen on. Raises UserError for a file that is there already.
    """
    if file.exists():
        raise UserError(
            f"--scheduler-file {file} is there already; another scheduler uses it, or left it: remove it then"
        )
    with dask.config.set(SETTINGS):
        asyncio.run(_scheduler(file, host))


def serve_workers(file: Path, devices: Sequence[str], host: str | None = None) -> None:
    """Run one worker per device until SIGTERM, SIGINT, or the end of the scheduler.

    devices: "cpu" for one core, "cuda:0" for a GPU of this machine; a worker sees no other GPU. host: the address
    to listen on; None for the own one by which the scheduler is reached. Raises UserError for an unknown device, and
    when there is no scheduler.
    """
    for device in devices:
        check_device(device)
    host = host or _own_address(file)
    with dask.config.set(SETTINGS):
        asyncio.run(_workers(file, devices, host))


def check_device(device: str) -> None:
    """Raises UserError unless the device is "cpu" or "cuda:N"."""
    kind, _, number = device.partition(":")
    if device != "cpu" and not (kind == "cuda" and number.isdigit()):
        raise UserError(f"--device {device}: give cpu, or cuda:0, cuda:1 … for the GPUs of this machine")


def worker_environment(device: str) -> dict[str, str]:
    """Environment of the worker of a device: one thread, one GPU at most."""
    kind, _, number = device.partition(":")
    return WORKER_ENVIRONMENT | {DEVICE_VARIABLE: kind, "CUDA_VISIBLE_DEVICES": number}


async def _scheduler(file: Path, host: str) -> None:
    options: dict[str, Any] = {
        "host": host,
        "dashboard": False,
        "dashboard_address": f"{host}:0",
        "scheduler_file": str(file),
    }
    try:
        async with Scheduler(**options) as scheduler:
            await _until_signal(scheduler.finished())
    finally:
        file.unlink(missing_ok=True)


async def _workers(file: Path, devices: Sequence[str], host: str) -> None:
    memory_limit = usable_memory_bytes() // len(devices)
    nannies = [
        Nanny(
            scheduler_file=str(file),
            nthreads=1,
            name=f"{socket.gethostname()}-{os.getpid()}-{number}",
            host=host,
            memory_limit=memory_limit,
            env=worker_environment(device),
            dashboard=False,
            dashboard_address=f"{host}:0",
            death_timeout=START_TIMEOUT_S,
        )
        for number, device in enumerate(devices)
    ]
    try:
        await asyncio.gather(*nannies)
        await _until_signal(asyncio.gather(*(nanny.finished() for nanny in nannies)))
    finally:
        with suppress(Exception):
            await asyncio.gather(*(nanny.close(timeout=3) for nanny in nannies))


def _own_address(file: Path) -> str:
    """The address of this machine in the network in which the scheduler is."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not file.exists():
        if time.monotonic() > deadline:
            raise UserError(f"--scheduler-file {file}: no such file came up in {START_TIMEOUT_S} s")
        time.sleep(0.2)
    address = str(load_address(file))
    with socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM
    ) as probe:  # connects to nobody, only asks for the route
        probe.connect((address.rpartition("/")[2].rpartition(":")[0], 1))
        return str(probe.getsockname()[0])


def load_address(file: Path) -> str:
    """The scheduler's address in its file. Raises UserError when it tells none."""
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"--scheduler-file {file} tells no scheduler's address; start a scheduler anew"
        ) from None


async def _until_signal(ended: Awaitable[Any]) -> None:
    """Wait for the end of a service, or for a signal that asks for it."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    waiting = [asyncio.ensure_future(ended), asyncio.ensure_future(asked.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
