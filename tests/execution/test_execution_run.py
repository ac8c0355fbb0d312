"""A stage: every task ends as done or failed with a reason, the done ones never run again."""

from pathlib import Path

import execution_tasks as fake
import pytest

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec, InlineExecutor, open_executor
from passband.execution.interruption import Interrupted
from passband.execution.run import RunCount, run_tasks
from passband.execution.tasks import Task, perform
from passband.records import parse_record
from passband.storage.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


class Notes:
    """A watcher that remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self, total: int, already: int, failed: int) -> None:
        self.told.append((total, already, failed))

    def advance(self, done: int, failed: int) -> None:
        self.told.append((done, failed))

    def end(self) -> None:
        self.told.append("end")


def test_planned_is_done_and_failed_exactly(ledger: Ledger) -> None:
    functions = [fake.nothing, fake.diverge, fake.exhaust, fake.misuse, fake.unrecordable]
    tasks = [Task(function.__name__, "train", function) for function in functions]
    assert run_tasks(tasks, InlineExecutor(), ledger) == RunCount(planned=5, done=1, failed=4, already=0)
    reasons = {failure.key: failure.reason for failure in ledger.failures()}
    assert reasons.pop("unrecordable").startswith("ValueError: Out of range float values")
    assert reasons == {
        "diverge": "FloatingPointError: loss is not a number",
        "exhaust": "MemoryError",
        "misuse": "crystal 'Cdse' is unknown; did you mean 'CdSe'?",
    }
    assert "after step 12" in ledger.failures()[0].details


def test_what_is_done_is_not_run_again_and_what_failed_is(ledger: Ledger, tmp_path: Path) -> None:
    tasks = [*fake.trainings(tmp_path, 3, 0.0), Task("bad", "train", fake.diverge)]
    first = run_tasks(tasks, InlineExecutor(), ledger)
    second = run_tasks(tasks, InlineExecutor(), ledger)
    assert first == RunCount(planned=4, done=3, failed=1, already=0)
    assert second == RunCount(planned=4, done=3, failed=1, already=3)
    assert (tmp_path / "executions").read_text().split() == ["net000", "net001", "net002"]


def test_results_are_recorded_with_their_durations(ledger: Ledger) -> None:
    run_tasks([Task(f"k{n}", "s", fake.square, (n,)) for n in range(3)], InlineExecutor(), ledger)
    run_tasks([Task("slow", "t", fake.sleep, (0.05,))], InlineExecutor(), ledger)
    assert ledger.results("s") == {"k0": {"square": 0}, "k1": {"square": 1}, "k2": {"square": 4}}
    assert 0.05 <= ledger.summary()["t"].seconds < 5


def test_a_watcher_is_told_what_is_done_and_what_failed(ledger: Ledger) -> None:
    tasks = [Task("a", "s", fake.nothing), Task("b", "s", fake.diverge)]
    notes = Notes()
    run_tasks(tasks, InlineExecutor(), ledger, notes)
    run_tasks(tasks, InlineExecutor(), ledger, notes, before=RunCount(10, 7, 3, 7))
    assert notes.told == [(2, 0, 0), (1, 0), (0, 1), "end", (12, 8, 3), (0, 1), "end"]


def test_tasks_done_together_are_recorded_one_by_one(ledger: Ledger) -> None:
    group = fake.group("good", "bad", "fine")
    assert run_tasks([group], InlineExecutor(), ledger) == RunCount(planned=3, done=2, failed=1, already=0)
    assert ledger.done_keys("train") == {"good", "fine"}
    assert [(each.key, each.reason) for each in ledger.failures()] == [("bad", "it diverged")]


def test_a_failure_of_the_whole_group_is_the_failure_of_each_of_its_members(ledger: Ledger) -> None:
    group = fake.group("a", "b")
    broken = Task(group.key, group.stage, fake.diverge, (), group.members)
    assert run_tasks([broken], InlineExecutor(), ledger).failed == 2
    assert {each.reason for each in ledger.failures()} == {"FloatingPointError: loss is not a number"}


def test_what_was_settled_before_counts_and_is_not_run(ledger: Ledger) -> None:
    count = run_tasks([Task("a", "s", fake.nothing)], InlineExecutor(), ledger, before=RunCount(5, 4, 1, 4))
    assert count == RunCount(planned=6, done=5, failed=1, already=4)


def test_a_full_disk_stops_the_run_and_blames_no_task(ledger: Ledger) -> None:
    tasks = [Task("a", "s", fake.nothing), Task("b", "s", fake.fill_the_disk), Task("c", "s", fake.nothing)]
    with pytest.raises(UserError, match="no space left"):
        run_tasks(tasks, InlineExecutor(), ledger)
    assert ledger.done_keys("s") == {"a"}
    assert ledger.failures() == []


def test_two_tasks_with_one_key_are_a_mistake_in_the_program(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="same key"):
        run_tasks([Task("a", "s", fake.nothing)] * 2, InlineExecutor(), ledger)


def test_a_function_that_cannot_be_imported_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be imported"):
        Task("a", "s", lambda: None)


def test_an_interruption_is_no_failure_of_the_task(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("execution_tasks.time.sleep", interrupt)
    with pytest.raises(Interrupted, match="run the same command again"), open_executor(inline()) as executor:
        run_tasks([Task("a", "s", fake.sleep, (1.0,))], executor, ledger)
    assert ledger.summary() == {}


def test_a_reason_is_one_short_line() -> None:
    outcome = perform(Task("a", "s", fake.told, (1,)))
    assert outcome.reason is None
    reason = perform(Task("a", "s", Path.read_text, (Path("/" + 500 * "x"),))).reason
    assert reason is not None
    assert "\n" not in reason
    assert len(reason) <= 301


def inline() -> ExecutorSpec:
    return ExecutorSpec(name="inline")


def test_an_executor_is_chosen_by_data() -> None:
    assert parse_record(ExecutorSpec, {"name": "dask", "workers": 2}, "here").worker_count == 2
    assert ExecutorSpec(name="inline", workers=8).worker_count == 1
    assert ExecutorSpec().worker_count >= 1
    for wrong in ({"name": "slurm"}, {"workers": 0}):
        with pytest.raises(UserError, match=r"here: (name|workers)"):
            parse_record(ExecutorSpec, wrong, "here")
