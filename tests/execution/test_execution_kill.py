"""Kill -9, Ctrl-C and SIGTERM at any moment: nothing finished is lost, nothing is there twice, it goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import execution_tasks as fake
import pandas as pd
import psutil
import pytest
from pandas.testing import assert_frame_equal

from passband.execution.executors import InlineExecutor
from passband.execution.run import run_tasks
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.tables import part_keys, read_parts

DRIVER = Path(__file__).with_name("execution_driver.py")
STOPPED = "stopped; everything finished is kept, run the same command again to go on"
LIMIT_S = 10.0


def start(root: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(DRIVER), str(root), *(str(argument) for argument in arguments)]
    scratch = root.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    environment = os.environ | {"PYTHONWARNINGS": "error", "OMP_NUM_THREADS": "1", "TMPDIR": str(scratch)}
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def executed(root: Path) -> list[str]:
    """Keys of the tasks that have begun, in order."""
    path = root / "executions"
    return path.read_text().split() if path.exists() else []


def wait_for(root: Path, number: int, driver: subprocess.Popen[str]) -> None:
    """Until so many tasks have begun, or the driver has ended."""
    deadline = time.monotonic() + 60
    while len(executed(root)) < number and driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)


def table(root: Path) -> pd.DataFrame:
    return read_parts(RunFolder(root).scores, ["network_id"])


def undisturbed_table(root: Path, number: int) -> pd.DataFrame:
    folder = RunFolder.create(root)
    with Ledger(folder.ledger) as ledger:
        run_tasks(fake.trainings(folder.root, number, 0.0), InlineExecutor(), ledger)
    return table(folder.root)


def killed_and_resumed(root: Path, kills: int, number: int, executor: tuple[str, int]) -> None:
    """Kill the driver at random moments, then let it end; no task recorded as done may begin again."""
    generator = random.Random(kills)
    snapshots: list[tuple[int, frozenset[str]]] = []
    for _ in range(kills):
        begun = len(executed(root))
        with start(root, *executor, number, 0.02) as driver:
            wait_for(root, begun + generator.randint(1, number // kills), driver)
            time.sleep(generator.uniform(0, 0.03))
            driver.kill()
        time.sleep(0.3)  # workers see the end of their driver at once, but they need a core for it
        with Ledger(RunFolder(root).ledger) as ledger:
            snapshots.append((len(executed(root)), ledger.done_keys("train")))
    with start(root, *executor, number, 0.02) as driver:
        _, told = driver.communicate(timeout=120)
    assert (driver.returncode, told.count("Traceback")) == (0, 0), told
    assert any(0 < len(done) < number for _, done in snapshots)
    for begun, done in snapshots:
        assert done.isdisjoint(executed(root)[begun:])


@pytest.mark.parametrize(
    ("executor", "kills", "number"),
    [
        (("inline", 1), 5, 40),
        pytest.param(("dask", 2), 10, 100, marks=pytest.mark.slow),
    ],
)
def test_a_run_killed_again_and_again_ends_with_the_table_of_an_undisturbed_one(
    tmp_path: Path, executor: tuple[str, int], kills: int, number: int
) -> None:
    killed_and_resumed(tmp_path / "run", kills, number, executor)
    folder = RunFolder.existing(tmp_path / "run")
    with Ledger(folder.ledger) as ledger:
        summary = ledger.summary()["train"]
    assert (summary.done, summary.failed) == (number, 0)
    assert part_keys(folder.scores) == sorted(f"net{index:03d}" for index in range(number))
    assert_frame_equal(table(folder.root), undisturbed_table(tmp_path / "calm", number), check_exact=True)
    assert not table(folder.root)["network_id"].duplicated().any()
    assert list(folder.root.rglob("*.partial")) == []


@pytest.mark.parametrize(
    ("executor", "number"),
    [
        (("inline", 1), signal.SIGTERM),
        (("dask", 2), signal.SIGINT),
        pytest.param(("dask", 2), signal.SIGTERM, marks=pytest.mark.slow),
    ],
)
def test_an_interruption_ends_everything_within_ten_seconds_and_says_how_to_go_on(
    tmp_path: Path, executor: tuple[str, int], number: signal.Signals
) -> None:
    """The signal goes to the whole group, as Ctrl-C in a terminal does; the tasks never end by themselves."""
    with start(tmp_path / "run", *executor, 4, -1) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline() == "open\n"
        time.sleep(0.3)
        children = psutil.Process(driver.pid).children(recursive=True)
        sent = time.monotonic()
        os.killpg(driver.pid, number)
        _, told = driver.communicate(timeout=60)
        took = time.monotonic() - sent
    assert driver.returncode == 130
    assert took < LIMIT_S
    assert told.splitlines()[0] == "training: 4 networks to do"
    assert told.splitlines()[-1] == STOPPED
    assert len(told.splitlines()) == 3
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    with Ledger(RunFolder(tmp_path / "run").ledger) as ledger:
        assert ledger.summary() == {}


def test_an_interruption_while_the_workers_start_ends_at_once(tmp_path: Path) -> None:
    with start(tmp_path / "run", "dask", 2, 4, -1) as driver:
        deadline = time.monotonic() + 30
        while not (tmp_path / "run" / "logs").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        sent = time.monotonic()
        os.killpg(driver.pid, signal.SIGINT)
        _, told = driver.communicate(timeout=60)
    assert (driver.returncode, told) == (130, f"{STOPPED}\n")
    assert time.monotonic() - sent < LIMIT_S


def test_a_second_driver_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "run"
    with start(root, "inline", 1, 1000, 0.02) as first:
        wait_for(root, 1, first)
        with start(root, "inline", 1, 1000, 0.02) as second:
            _, told = second.communicate(timeout=60)
        assert second.returncode == 2
        assert f"in use by another run (process {first.pid} on" in told
        assert len(told.splitlines()) == 1
        wait_for(root, len(executed(root)) + 2, first)
        assert first.poll() is None
        first.terminate()
    assert len(set(executed(root))) == len(executed(root))
