"""The Dask executor: the same outcomes as inline, whatever happens to its workers."""

import socket
from collections.abc import Iterator
from pathlib import Path

import execution_tasks as fake
import psutil
import pytest
from pandas.testing import assert_frame_equal

from passband.errors import UserError
from passband.execution import dask_executor
from passband.execution.dask_executor import DEATHS_ALLOWED, DaskExecutor
from passband.execution.executors import ExecutorSpec, InlineExecutor, open_executor
from passband.execution.run import RunCount, run_tasks
from passband.execution.tasks import Executor, Outcome, Task
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.tables import read_parts


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def two_workers(logs: Path) -> Iterator[Executor]:
    with open_executor(ExecutorSpec(workers=2), logs) as executor:
        yield executor


def by_key(executor: Executor, tasks: list[Task]) -> dict[str, Outcome]:
    outcomes = list(executor.outcomes(tasks))
    assert sorted(outcome.task.key for outcome in outcomes) == sorted(task.key for task in tasks)
    return {outcome.task.key: outcome for outcome in outcomes}


def test_every_task_comes_back_once_with_its_result(two_workers: Executor) -> None:
    outcomes = by_key(two_workers, [Task(f"k{n}", "s", fake.square, (n,)) for n in range(50)])
    assert all(outcome.result == {"square": int(key[1:]) ** 2} for key, outcome in outcomes.items())


def test_arguments_arrive_as_they_are(two_workers: Executor) -> None:
    """Dask gives a meaning to tuples that begin with a function and to texts that are keys of tasks."""
    arguments = ((len, "abc"), "k1", "s-k1-0", ["k1", (sum, [1, 2])], {"k1": Path("x")}, None)
    outcomes = by_key(
        two_workers, [Task("k1", "s", fake.told, arguments), Task("k2", "s", fake.told, arguments)]
    )
    assert {outcome.result["told"] for outcome in outcomes.values()} == {repr(arguments)}


def test_a_key_that_comes_again_is_run_again(two_workers: Executor) -> None:
    """Dask would give the first result twice as long as anybody holds it."""
    first = next(iter(two_workers.outcomes([Task("again", "s", fake.square, (3,))])))
    second = next(iter(two_workers.outcomes([Task("again", "s", fake.square, (4,))])))
    assert (first.result, second.result) == ({"square": 9}, {"square": 16})


def test_a_worker_has_one_thread_and_keeps_its_memory(two_workers: Executor) -> None:
    outcomes = by_key(two_workers, [Task(f"e{n}", "s", fake.environment) for n in range(8)])
    for outcome in outcomes.values():
        assert outcome.result["OMP_NUM_THREADS"] == outcome.result["MKL_NUM_THREADS"] == "1"
        assert int(outcome.result["MALLOC_MMAP_THRESHOLD_"]) >= 2**25
        assert int(outcome.result["MALLOC_TRIM_THRESHOLD_"]) >= 2**25


def test_tasks_that_fail_are_told_apart_from_tasks_that_work(two_workers: Executor) -> None:
    tasks = [
        Task("good", "s", fake.nothing),
        Task("bad", "s", fake.diverge),
        Task("odd", "s", fake.unrecordable),
    ]
    outcomes = by_key(two_workers, tasks)
    assert outcomes["good"].reason is None
    assert outcomes["bad"].reason == "FloatingPointError: loss is not a number"
    assert "execution_tasks.py" in outcomes["bad"].details
    assert str(outcomes["odd"].reason).startswith("ValueError: Out of range")


def test_a_task_that_kills_its_workers_is_set_aside_and_the_rest_goes_on(two_workers: Executor) -> None:
    tasks = [Task(f"k{n}", "s", fake.sleep, (0.05,)) for n in range(30)]
    tasks.insert(3, Task("killer", "s", fake.crash))
    outcomes = by_key(two_workers, tasks)
    reasons = {key: outcome.reason for key, outcome in outcomes.items() if outcome.reason}
    told = f"its worker died {DEATHS_ALLOWED + 1} times (out of memory, or a crash)"
    assert reasons == {"killer": told}


def test_of_a_group_that_kills_its_worker_only_the_one_to_blame_is_set_aside(
    two_workers: Executor, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        count = run_tasks([fake.group("a", "killer", "bad"), fake.group("c", "d")], two_workers, ledger)
        reasons = {each.key: each.reason for each in ledger.failures()}
    assert count == RunCount(planned=5, done=3, failed=2, already=0)
    assert reasons.keys() == {"killer", "bad"}
    assert "worker died" in reasons["killer"]


def test_a_worker_killed_from_outside_costs_nothing(two_workers: Executor, tmp_path: Path) -> None:
    tasks = [Task(f"k{n}", "s", fake.square, (n,)) for n in range(10)]
    outcomes = by_key(two_workers, [*tasks, Task("once", "s", fake.crash_once, (tmp_path / "flag",))])
    assert [key for key, outcome in outcomes.items() if outcome.reason] == []
    assert outcomes["once"].result == {"second": True}


def test_what_workers_print_goes_to_their_logs(
    two_workers: Executor, logs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    by_key(two_workers, [Task("chatter", "s", fake.chatter), Task("segfault", "s", fake.segfault)])
    told = "".join(path.read_text() for path in sorted(logs.glob("worker-*.log")))
    assert "this is for the log" in told
    assert "Segmentation fault" in told
    assert capfd.readouterr() == ("", "")


def test_nothing_listens_beyond_the_loopback(two_workers: Executor) -> None:
    me = psutil.Process()
    listening = [
        connection.laddr.ip
        for process in (me, *me.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3
    assert set(listening) == {"127.0.0.1"}


def test_the_pages_of_dask_are_not_served(two_workers: Executor) -> None:
    assert isinstance(two_workers, DaskExecutor)
    scheduler = two_workers._client.cluster.scheduler
    with socket.create_connection(("127.0.0.1", scheduler.http_server.port)) as connection:
        connection.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 404")


def test_two_workers_give_the_table_of_one_process(two_workers: Executor, tmp_path: Path) -> None:
    tables = []
    for name, executor in (("inline", InlineExecutor()), ("dask", two_workers)):
        folder = RunFolder.create(tmp_path / name)
        with Ledger(folder.ledger) as ledger:
            count = run_tasks(fake.trainings(folder.root, 20, 0.001), executor, ledger)
        assert count == RunCount(20, 20, 0, 0)
        tables.append(read_parts(folder.scores, ["network_id"]))
    assert len(tables[0]) == 100
    assert_frame_equal(tables[0], tables[1], check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
def test_any_number_of_workers_gives_the_same_table(workers: int, tmp_path: Path) -> None:
    one, other = RunFolder.create(tmp_path / "one"), RunFolder.create(tmp_path / "other")
    with Ledger(one.ledger) as ledger:
        run_tasks(fake.trainings(one.root, 40, 0.0), InlineExecutor(), ledger)
    with Ledger(other.ledger) as ledger, open_executor(ExecutorSpec(workers=workers)) as executor:
        run_tasks(fake.trainings(other.root, 40, 0.01), executor, ledger)
    tables = [read_parts(folder.scores, ["network_id"]) for folder in (one, other)]
    assert_frame_equal(tables[0], tables[1], check_exact=True)


def test_without_any_live_worker_the_run_stops_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "_POLL_S", 0.01)
    executor = DaskExecutor(None, lambda: 0, patience_s=0.05)
    with pytest.raises(UserError, match=r"no worker has been alive .*fewer workers"):
        list(executor.outcomes([Task("a", "s", fake.nothing)]))
