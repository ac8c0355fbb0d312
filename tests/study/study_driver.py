"""`passband run` on the tiny study, without a report. Arguments: root, executor, workers, starts, steps."""

import sys
from pathlib import Path

from study_samples import tiny_study

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec
from passband.study.run import run_study

if __name__ == "__main__":
    root, executor, workers, starts, steps = sys.argv[1:]
    spec = ExecutorSpec.model_validate({"name": executor, "workers": int(workers)})
    try:
        run_study(tiny_study(random_starts=int(starts), steps=int(steps)), Path(root), spec)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
