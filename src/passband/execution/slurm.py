"""A job script for Slurm: scheduler, workers on every node, and the driver, in one allocation.

Other batch systems need the same three commands. All nodes must see the folder of the run, the folder with the
scheduler file, and the same installation of passband.
"""

import shlex
from dataclasses import dataclass
from string import Template
from typing import Final

_SCRIPT: Final = Template("""\
#!/bin/bash
#SBATCH --job-name=passband
#SBATCH --nodes=$nodes
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=$cores
$gpus#SBATCH --time=$hours:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=passband-%j.log
# Submit it again, as it is, to go on where it stopped. All nodes must see this folder and the run folder.
# The scheduler runs what anybody sends it who can reach its port: use it on a trusted network only.
set -euo pipefail

study=$study
root=$root
file="$$root.scheduler-$${SLURM_JOB_ID}.json"

passband scheduler --scheduler-file "$$file" --host "$$(hostname -I | cut -d' ' -f1)" &
scheduler=$$!
srun passband worker --scheduler-file "$$file" $workers &
workers=$$!
passband run "$$study" --root "$$root" --executor scheduler-file --scheduler-file "$$file" &
driver=$$!

stop() { kill -TERM "$$workers" "$$scheduler" 2>/dev/null || true; wait "$$workers" "$$scheduler" || true; }
trap stop EXIT
trap 'kill -TERM "$$driver"' TERM
wait "$$driver" && ended=0 || ended=$$?
if kill -0 "$$driver" 2>/dev/null; then wait "$$driver" && ended=0 || ended=$$?; fi  # TERM ends the first wait early
exit "$$ended"
""")


@dataclass(frozen=True)
class SlurmJob:
    """What is asked of Slurm: nodes, cores and GPUs of each, whole hours. With GPUs, each has one worker."""

    nodes: int = 1
    cores_per_node: int = 32
    gpus_per_node: int = 0
    hours: int = 12


def slurm_script(study: str, root: str, job: SlurmJob) -> str:
    """A script for sbatch that runs a study, or goes on with it, in a run folder."""
    gpus = f"#SBATCH --gpus-per-node={job.gpus_per_node}\n" if job.gpus_per_node else ""
    devices = " ".join(f"--device cuda:{number}" for number in range(job.gpus_per_node))
    return _SCRIPT.substitute(
        nodes=job.nodes,
        cores=job.cores_per_node,
        gpus=gpus,
        hours=job.hours,
        study=shlex.quote(study),
        root=shlex.quote(root),
        workers=devices or f"--count {job.cores_per_node}",
    )
