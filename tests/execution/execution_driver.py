"""A driver as the command line is one: lock, ledger, executor, tasks.

Arguments: root, executor, workers, tasks, seconds per task (below zero: without end).
"""

import sys
from pathlib import Path

from execution_tasks import trainings, work_without_end

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec, open_executor
from passband.execution.interruption import Interrupted
from passband.execution.progress import StageProgress
from passband.execution.run import run_tasks
from passband.execution.tasks import Task
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder


def drive(root: Path, name: str, workers: int, number: int, seconds: float) -> None:
    folder = RunFolder.create(root)
    tasks = trainings(root, number, seconds)
    if seconds < 0:
        tasks = [Task(f"endless{index}", "train", work_without_end) for index in range(number)]
    spec = ExecutorSpec.model_validate({"name": name, "workers": workers})
    with folder.lock(), Ledger(folder.ledger) as ledger, open_executor(spec, folder.logs) as executor:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        run_tasks(tasks, executor, ledger, StageProgress("training", "networks"))


if __name__ == "__main__":
    try:
        drive(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
    except Interrupted as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(Interrupted.exit_code)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
