"""Commands for more machines than this one: the scheduler, the workers, and a job script that starts both."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from passband.cli.console import app, messages

SchedulerFile = Annotated[
    Path,
    typer.Option(help="File that tells the scheduler's address, on a file system that all machines see."),
]


@app.command()
def scheduler(
    scheduler_file: SchedulerFile,
    host: Annotated[str, typer.Option(help="Address to listen on; on a trusted network only.")] = "127.0.0.1",
) -> None:
    """Run the scheduler of a cluster, until Ctrl-C."""
    from passband.execution.dask_nodes import serve_scheduler

    serve_scheduler(scheduler_file, host)
    messages.print("passband: scheduler ended")


@app.command()
def worker(
    scheduler_file: SchedulerFile,
    count: Annotated[int | None, typer.Option(min=1, help="CPU workers; default: one per core.")] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="cuda:0 and so on, one worker each; may be given again.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: the right one.")] = None,
) -> None:
    """Run workers of this machine for a scheduler, until it ends or Ctrl-C."""
    from passband.errors import UserError
    from passband.execution.dask_nodes import serve_workers
    from passband.execution.workers import default_workers

    if device and count:
        raise UserError("--count counts workers without a GPU; give it or --device, not both")
    serve_workers(scheduler_file, device or ["cpu"] * (count or default_workers()), host)
    messages.print("passband: workers ended")


@app.command()
def slurm(
    study: Annotated[str, typer.Argument(help="A study of the catalogue, or the path of a YAML file.")],
    root: Annotated[Path, typer.Option(help="The run folder, on a file system that all nodes see.")],
    nodes: Annotated[int, typer.Option(min=1)] = 1,
    cores: Annotated[int, typer.Option(min=1, help="Cores of each node.")] = 32,
    gpus: Annotated[int, typer.Option(min=0, help="GPUs of each node, one worker each.")] = 0,
    hours: Annotated[int, typer.Option(min=1)] = 12,
) -> None:
    """Print a job script for Slurm: passband slurm STUDY --root RUN > job.sh; sbatch job.sh."""
    from passband.execution.slurm import SlurmJob, slurm_script
    from passband.study.load import load_study

    load_study(study)
    sys.stdout.write(slurm_script(study, str(root), SlurmJob(nodes, cores, gpus, hours)))
