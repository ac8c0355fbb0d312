"""What the page of a large series costs: 1,000 networks x 40 test domains x 32 images, made-up scores.

The tables are laid down as a run lays them down, in packs with their summaries; then a process of its own writes the
report. Printed are its wall time and peak memory. Training histories are left out: their number is bounded anyway.

Run it as ``python benchmarks/report.py [--starts N] [--scratch FOLDER]``; the last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from passband.evaluation.scores import Scores
from passband.imaging.distribution import ImagingDistribution, normal
from passband.storage.packs import save_pack
from passband.storage.run_folder import RunFolder
from passband.storage.sealed_table import save_table
from passband.storage.summary import complete_summary
from passband.study.catalogue import demo
from passband.study.domains import domain_table
from passband.study.load import study_yaml
from passband.study.plan import NetworkPlan, network_plans
from passband.study.study import Domain, Study

DOMAINS, IMAGES, IN_A_PACK = 40, 32, 250
VALUES = tuple(Scores.__dataclass_fields__)
MEASURES = ("epsilon_train", "epsilon_test", "sigma", "sigma_signed", "coverage", "power_spectrum_distance")

REPORT = """
import resource, sys, time
from pathlib import Path
from passband.report import publish
from passband.report.data import empty_table
publish._history = lambda folder, plans: empty_table("history")
started = time.perf_counter()
publish.publish(Path(sys.argv[1]))
print(time.perf_counter() - started, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def large_study(starts: int) -> Study:
    """Forty domains of defocus, twenty of them for training."""
    base = demo()
    (structures,) = base.structures
    changed = base.structures[structures].model_copy(update={"test": IMAGES})
    domains = {
        f"{place:+d} nm": Domain(
            structures=structures,
            imaging=ImagingDistribution(defocus_nm=normal(place, 1.0), dose_e_per_A2=400.0),
        )
        for place in range(-DOMAINS, DOMAINS, 2)
    }
    return base.model_copy(
        update={
            "name": "large",
            "structures": {structures: changed},
            "domains": domains,
            "train_on": tuple(domains)[::2],
            "test_on": tuple(domains),
            "learning_rates": base.learning_rates[:1],
            "random_starts": starts,
        }
    )


def lay_down(root: Path, study: Study) -> RunFolder:
    """A run folder with scores that fall with the shift, and random measures."""
    folder, generator = RunFolder.create(root), np.random.default_rng(0)
    folder.study.write_text(study_yaml(study), encoding="utf-8")
    save_table(folder.conditions, domain_table(study))
    pairs = pd.DataFrame(study.pairs, columns=["train_id", "test_id"])
    shift = pairs["train_id"].map(place_nm) - pairs["test_id"].map(place_nm)
    told = {name: generator.random(len(pairs)) for name in MEASURES}
    told |= {"abs_delta_defocus_nm": shift.abs(), "abs_delta_abs_defocus_nm": shift.abs()}
    save_table(folder.information, pairs.assign(**told))
    plans = network_plans(study)
    for first in range(0, len(plans), IN_A_PACK):
        some = plans[first : first + IN_A_PACK]
        save_pack(folder.scores, {plan.part_id: scores(plan, study, generator) for plan in some})
        save_pack(folder.networks_table, {plan.network_id: line(plan) for plan in some})
        complete_summary(folder)
    return folder


def place_nm(name: str) -> int:
    return int(name.split()[0])


def scores(plan: NetworkPlan, study: Study, generator: np.random.Generator) -> pa.Table:
    """Rows of one network."""
    tests = np.repeat(np.array(study.test_on), IMAGES)
    shift = np.array([abs(place_nm(test) - place_nm(plan.domain)) for test in study.test_on])
    dice = 0.95 - 0.005 * np.repeat(shift, IMAGES) + generator.normal(0, 0.02, len(tests))
    table = pd.DataFrame({"network_id": plan.network_id, "train_id": plan.domain, "test_id": tests})
    table["structure_id"] = np.tile([f"s{k:015d}" for k in range(IMAGES)], len(study.test_on))
    numbers = {name: generator.random(len(tests)) for name in VALUES}
    return pa.Table.from_pandas(
        table.assign(seed=plan.card.seed, **numbers | {"dice": dice, "pixel_error": 1 - dice}),
        preserve_index=False,
    )


def line(plan: NetworkPlan) -> pa.Table:
    """The network's line in the table of networks."""
    told = {"network_id": plan.network_id, "train_id": plan.domain, "seed": plan.card.seed, "steps": 100}
    return pa.table(
        {
            name: [value]
            for name, value in {**told, "best_step": 100, "learning_rate": plan.member.learning_rate}.items()
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--starts", type=int, default=50, help="networks of each of the 20 training domains")
    parser.add_argument(
        "--scratch", type=Path, help="where to write; default: the folder for temporary files"
    )
    chosen = parser.parse_args()
    study = large_study(chosen.starts)
    with tempfile.TemporaryDirectory(dir=chosen.scratch) as scratch:
        folder = lay_down(Path(scratch) / "run", study)
        command = [sys.executable, "-c", REPORT, str(folder.root)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, cpu_s, memory_GiB = map(float, told.split())
    rows = study.n_networks * DOMAINS * IMAGES
    print(f"report of {study.n_networks:,} networks, {rows:,} rows: {seconds:.1f} s, {memory_GiB:.2f} GiB")
    figures = {
        "networks": study.n_networks,
        "rows": rows,
        "seconds": seconds,
        "cpu_s": cpu_s,
        "peak_GiB": memory_GiB,
    }
    print(json.dumps({"benchmark": "report"} | {name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
