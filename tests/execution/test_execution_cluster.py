"""A cluster as a batch system gives it, here of local processes: scheduler file, workers, driver, job script."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import execution_tasks as fake
import psutil
import pytest
from distributed import Client
from pandas.testing import assert_frame_equal

from passband.errors import UserError
from passband.execution.dask_nodes import check_device, worker_environment
from passband.execution.dask_remote import open_scheduler_file
from passband.execution.executors import ExecutorSpec, InlineExecutor, open_executor
from passband.execution.run import RunCount, run_tasks
from passband.execution.slurm import SlurmJob, slurm_script
from passband.execution.tasks import Task
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.tables import read_parts

PASSBAND = [sys.executable, "-c", "from passband.cli import main; main()"]
HERE = Path(__file__).parent


def started(*arguments: object) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
    command = [*PASSBAND, *map(str, arguments)]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def ended(process: subprocess.Popen[str]) -> int:
    process.terminate()
    try:
        process.communicate(timeout=20)
        return process.returncode
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Cluster:
    file: Path
    scheduler: subprocess.Popen[str]
    workers: subprocess.Popen[str]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers."""
    file = tmp_path_factory.mktemp("cluster") / "scheduler.json"
    scheduler = started("scheduler", "--scheduler-file", file)
    workers = started("worker", "--scheduler-file", file, "--count", 2)
    try:
        yield Cluster(file, scheduler, workers)
    finally:
        assert ended(workers) == 0
        assert ended(scheduler) == 0
        assert not file.exists(), "a scheduler that has ended leaves no file"


@pytest.fixture
def scheduler_file(cluster: Cluster) -> Path:
    return cluster.file


def spec(file: Path) -> ExecutorSpec:
    return ExecutorSpec(name="scheduler-file", scheduler_file=str(file))


def test_a_cluster_gives_the_table_of_one_process(scheduler_file: Path, tmp_path: Path) -> None:
    one, other = RunFolder.create(tmp_path / "one"), RunFolder.create(tmp_path / "other")
    with Ledger(one.ledger) as ledger:
        run_tasks(fake.trainings(one.root, 20, 0.0), InlineExecutor(), ledger)
    with Ledger(other.ledger) as ledger, open_executor(spec(scheduler_file)) as executor:
        count = run_tasks(fake.trainings(other.root, 20, 0.01), executor, ledger)
    assert count == RunCount(20, 20, 0, 0)
    tables = [read_parts(folder.scores, ["network_id"]) for folder in (one, other)]
    assert_frame_equal(tables[0], tables[1], check_exact=True)


def test_its_workers_have_one_thread_and_our_settings(scheduler_file: Path) -> None:
    told, deadline = [], time.monotonic() + 60
    with open_executor(spec(scheduler_file)) as executor:
        # one worker may do all of a few quick tasks before the other one is back from its restart
        while len({each["pid"] for each in told}) < 2 and time.monotonic() < deadline:
            tasks = [Task(f"e{len(told) + n}", "s", fake.environment) for n in range(8)]
            told += [outcome.result for outcome in executor.outcomes(tasks)]
    assert len({each["pid"] for each in told}) == 2
    assert {each["OMP_NUM_THREADS"] for each in told} == {"1"}
    assert {int(each["MALLOC_MMAP_THRESHOLD_"]) for each in told} == {2**30}


def test_a_task_that_kills_its_workers_is_set_aside_there_too(scheduler_file: Path) -> None:
    tasks = [Task("killer", "s", fake.crash), *(Task(f"k{n}", "s", fake.square, (n,)) for n in range(6))]
    with open_executor(spec(scheduler_file)) as executor:
        outcomes = {outcome.task.key: outcome.reason for outcome in executor.outcomes(tasks)}
    assert "its worker died" in str(outcomes.pop("killer"))
    assert set(outcomes.values()) == {None}


def test_after_an_error_no_worker_works_on_for_nobody(scheduler_file: Path) -> None:
    def fail_while_one_works() -> None:
        with open_executor(spec(scheduler_file)) as executor:
            endless = Task("endless", "s", fake.work_without_end)
            next(iter(executor.outcomes([endless, Task("a", "s", fake.nothing)])))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_while_one_works()
    with open_executor(spec(scheduler_file)) as executor:  # both workers are free again
        tasks = [Task(f"s{n}", "s", fake.sleep, (0.5,)) for n in range(4)]
        assert [outcome.reason for outcome in executor.outcomes(tasks)] == [None] * 4


def test_without_an_address_nothing_listens_beyond_the_loopback(cluster: Cluster) -> None:
    with open_executor(spec(cluster.file)):
        listening = [
            connection.laddr.ip
            for started in (cluster.scheduler, cluster.workers)
            for process in (
                psutil.Process(started.pid),
                *psutil.Process(started.pid).children(recursive=True),
            )
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
    assert len(listening) >= 5
    assert set(listening) == {"127.0.0.1"}


def test_a_second_scheduler_does_not_take_the_file(scheduler_file: Path) -> None:
    deadline = time.monotonic() + 60
    while not scheduler_file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    second = started("scheduler", "--scheduler-file", scheduler_file)
    _, told = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "is there already" in told.replace("\n", " ")


def test_a_scheduler_with_other_settings_is_refused(tmp_path: Path) -> None:
    """Dask's own defaults would blame innocent tasks for the death of a worker."""
    from distributed import LocalCluster

    file = tmp_path / "foreign.json"
    options = {"n_workers": 0, "processes": True, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
    with LocalCluster(**options) as cluster, Client(cluster, set_as_default=False) as client:
        client.write_scheduler_file(str(file))
        with (
            pytest.raises(UserError, match="start it with `passband scheduler`"),
            open_scheduler_file(file, 30),
        ):
            pytest.fail("it was taken")


def test_a_scheduler_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="start the scheduler with"),
        open_scheduler_file(tmp_path / "no.json", 0.3),
    ):
        pytest.fail("there is none")
    stale = tmp_path / "stale.json"
    stale.write_text(json.dumps({"address": "tcp://127.0.0.1:9"}), encoding="utf-8")
    with pytest.raises(UserError, match="no scheduler answers there"), open_scheduler_file(stale, 1.0):
        pytest.fail("there is none")


def test_a_gpu_worker_sees_one_gpu_and_a_cpu_worker_none() -> None:
    assert (
        worker_environment("cuda:2").items()
        >= {"PASSBAND_DEVICE": "cuda", "CUDA_VISIBLE_DEVICES": "2"}.items()
    )
    assert worker_environment("cpu").items() >= {"PASSBAND_DEVICE": "cpu", "CUDA_VISIBLE_DEVICES": ""}.items()
    for wrong in ("gpu", "cuda", "cuda:x", "cpu:0", ""):
        with pytest.raises(UserError, match="give cpu, or cuda:0"):
            check_device(wrong)


def test_the_file_and_its_executor_belong_together() -> None:
    for wrong in ({"name": "dask", "scheduler_file": "x"}, {"name": "scheduler-file"}):
        with pytest.raises(ValueError, match="belong together"):
            ExecutorSpec.model_validate(wrong)


def stub(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.slow
def test_the_job_script_starts_all_three_and_ends_with_the_driver(tmp_path: Path) -> None:
    """Run by bash, as Slurm runs it, with local processes in place of srun's."""
    stub(tmp_path, "srun", 'exec "$@"')
    stub(tmp_path, "hostname", "echo 127.0.0.1 10.0.0.1")
    stub(tmp_path, "passband", f'exec {sys.executable} -c "from passband.cli import main; main()" "$@"')
    study = tmp_path / "my study.yaml"
    study.write_text("nonsense: 1\n", encoding="utf-8")
    script = slurm_script(str(study), str(tmp_path / "run"), SlurmJob(nodes=2, cores_per_node=2))
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7"}
    run = subprocess.run(
        ["bash"], input=script, capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert run.returncode == 2, run.stderr
    assert "nonsense" in run.stderr, "the driver came as far as reading the study"
    assert "scheduler ended" in run.stderr
    assert "workers ended" in run.stderr
    assert not (tmp_path / "run.scheduler-7.json").exists()


def test_a_job_script_asks_for_what_it_uses() -> None:
    cpu = slurm_script("demo", "runs/demo", SlurmJob(nodes=3, cores_per_node=16, hours=5))
    assert {"#SBATCH --nodes=3", "#SBATCH --cpus-per-task=16", "#SBATCH --time=5:00:00"} <= set(
        cpu.splitlines()
    )
    assert "--count 16" in cpu
    assert "gpus" not in cpu
    gpu = slurm_script("demo", "runs/demo", SlurmJob(gpus_per_node=2))
    assert "#SBATCH --gpus-per-node=2" in gpu.splitlines()
    assert "--device cuda:0 --device cuda:1" in gpu
    subprocess.run(["bash", "-n"], input=gpu, text=True, check=True)
