"""A whole study killed at random moments, driver and workers alike, stopped from elsewhere, and driven twice.

PASSBAND_KILLS says how many kills; `make torture` sets 100.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from pandas.testing import assert_frame_equal
from study_samples import tiny_study

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.tables import part_keys, read_parts
from passband.study.run import run_study
from passband.study.status import status_lines
from passband.study.stop import stop_run

DRIVER = Path(__file__).with_name("study_driver.py")
KILLS = int(os.environ.get("PASSBAND_KILLS", "3"))
SORTED = ("network_id", "test_id", "structure_id")
STEPS = 12


def start(root: Path, *arguments: object) -> subprocess.Popen[str]:
    scratch = root.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(scratch)}
    command = [sys.executable, str(DRIVER), str(root), *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def finished(root: Path) -> frozenset[str]:
    """Networks whose weights are there."""
    return frozenset(path.stem for path in (root / "networks").glob("[!.]*.json"))


def wait_until(condition: object, driver: subprocess.Popen[str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and driver.poll() is None and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.01)


def kill_someone(root: Path, driver: subprocess.Popen[str], generator: random.Random) -> None:
    """Kill the driver, or one of its workers and then wait a little, at a random moment of its work."""
    wait_until((root / "ledger.sqlite").exists, driver)
    time.sleep(generator.expovariate(1 / 2.5))
    if driver.poll() is not None:
        return
    children = psutil.Process(driver.pid).children(recursive=True)
    workers = [child for child in children if "spawn_main" in " ".join(cmdline(child))]
    if workers and generator.random() < 0.5:
        generator.choice(workers).kill()
        time.sleep(generator.uniform(0, 1))
    driver.kill()


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


@pytest.mark.slow
def test_a_study_killed_again_and_again_ends_in_the_tables_of_an_undisturbed_one(tmp_path: Path) -> None:
    """No finished network is trained again, no row is there twice, and planned is done and failed."""
    root, starts, generator = tmp_path / "run", 8 + KILLS, random.Random(7)
    at_work = 0
    for kill in range(KILLS):
        before = {path: path.stat().st_mtime_ns for path in (root / "networks").glob("[!.]*.json")}
        with start(root, "dask", 2, starts, STEPS) as driver:
            if kill == KILLS - 1:  # one at least finds something finished, however slow the machine
                wait_until(lambda: bool(finished(root)), driver)
            kill_someone(root, driver, generator)
            driver.communicate(timeout=120)
        time.sleep(0.5)  # the workers see the end of their driver
        assert all(path.stat().st_mtime_ns == when for path, when in before.items())
        at_work += len(finished(root)) < 2 * starts
    assert at_work > 0.8 * KILLS, "kills of a study that is done would prove nothing"
    assert len(finished(root)) > 0
    with start(root, "dask", 2, starts, STEPS) as driver:
        _, told = driver.communicate(timeout=600)
    assert (driver.returncode, "Traceback" in told) == (0, False), told
    folder, study = RunFolder.existing(root), tiny_study(random_starts=starts, steps=STEPS)
    with Ledger(folder.ledger) as ledger:
        summary = ledger.summary()["networks"]
    assert (summary.done + summary.failed, summary.failed) == (study.n_networks, 0)
    calm = tmp_path / "calm"
    run_study(study, calm, ExecutorSpec(name="inline"))
    tables = [read_parts(each.scores, SORTED) for each in (folder, RunFolder(calm))]
    assert_frame_equal(tables[0], tables[1], check_exact=True)
    assert not tables[0].duplicated(list(SORTED)).any()
    assert (root / "information.parquet").read_bytes() == (calm / "information.parquet").read_bytes()
    assert [path for path in root.rglob("*.partial") if "logs" not in path.parts] == []


@pytest.mark.parametrize("executor", ["inline", pytest.param("dask", marks=pytest.mark.slow)])
def test_a_run_is_watched_and_stopped_from_elsewhere_and_goes_on(tmp_path: Path, executor: str) -> None:
    root = tmp_path / "run"
    with pytest.raises(UserError, match="no run folder"):
        stop_run(root)
    with start(root, executor, 2, 3, 10**6) as driver:
        wait_until(lambda: (root / "waves.zarr").exists() and training(root), driver)
        line = status_lines(root)[1]
        assert f"process {driver.pid} on" in line
        assert "is at work: networks, 0/6 networks" in line
        sent = time.monotonic()
        assert "has stopped" in stop_run(root)
        assert time.monotonic() - sent < 10
        _, told = driver.communicate(timeout=30)
    assert driver.returncode == 130
    assert told.splitlines()[-1] == (
        "stopped; everything finished is kept, run the same command again to go on"
    )
    assert status_lines(root)[1] == "no run is at work here; the same command goes on"
    with pytest.raises(UserError, match="nothing to stop"):
        stop_run(root)
    assert not (root / "stop").exists()


def training(root: Path) -> bool:
    try:
        return "networks," in status_lines(root)[1]
    except UserError:
        return False


@pytest.mark.slow
def test_of_two_drivers_one_is_refused_and_no_network_is_trained_twice(tmp_path: Path) -> None:
    root = tmp_path / "run"
    with start(root, "inline", 1, 4, STEPS) as first:
        wait_until((root / ".lock").exists, first)
        time.sleep(0.5)
        # it is still at work when the second comes, however slow that is to start
        first.send_signal(signal.SIGSTOP)
        try:
            with start(root, "inline", 1, 4, STEPS) as second:
                _, told = second.communicate(timeout=120)
        finally:
            first.send_signal(signal.SIGCONT)
        assert second.returncode == 2
        assert "in use by another run" in told
        first.communicate(timeout=300)
    assert first.returncode == 0
    folder = RunFolder.existing(root)
    assert len(finished(root)) == len(part_keys(folder.scores)) == 8
