"""Compact networks per hour at a stated error, against a plain PyTorch loop brought to the same error.

One data set serves all: the training, validation and test scenes of the study ``demo``, imaged at -10, -5, 0, +5 and
+10 nm. A compact network is trained as the study would and scored on all 11 conditions, 16 unseen scenes each; two
processes of one thread work through a queue of them, and wall time is counted from the moment when both are warm.

The plain loop is what a user would write first: a U-Net of base 16 and depth 4 with transposed convolutions,
float32, contiguous, Adam, cross entropy, noisy images in memory, quarter turns and mirrors, one network after the
other. It stops at the first check at which its error on the test images themselves (which flatters it) is no more
than the compact networks' median; checks cost it nothing. Its learning rate, batch size and number of threads
are the best of those that ``--choose`` tries (docs/decisions/0015-trainer.md).

The compact networks that set the target come first; then, in each round, a plain network is trained with compact ones
between its steps, in one process. ``speedup_vs_plain`` is the median over rounds of the ratio of CPU times, scoring
included, so that it means the same on a busy machine; ``ratios`` has them all. Where ``plain_reached`` is less than the
number of rounds, the others gave up and the speed-up is a lower bound. ``networks_per_hour`` is that of so many
cores by CPU time, ``networks_per_hour_wall`` what the clock said, at the ``load`` that is given.

    python benchmarks/training.py [--quick] [--waves FOLDER]
    python benchmarks/training.py --choose     only tune the plain loop: 10 CPU minutes on each of two cores
    python benchmarks/training.py --front      pixel error against seconds, for the designs of docs/decisions/0016

Pixel errors are medians over the images of a network, then over networks. The last line is JSON.
"""

import argparse
import json
import os
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MALLOC_TRIM_THRESHOLD_"] = str(2**32)  # as the package's own workers have it
os.environ["MALLOC_MMAP_THRESHOLD_"] = str(2**30)

from rich.progress import Progress
from training_bench.choice import chosen
from training_bench.compact import DESIGNS, compact_networks, summary
from training_bench.data import store_waves
from training_bench.plain import CHOSEN
from training_bench.rounds import Rounds, compared


def front(folder: Path, processes: int, seeds: int) -> dict[str, Any]:
    """Every design on the same images."""
    found: dict[str, Any] = {}
    for name, design in DESIGNS.items():
        found[name] = summary(*compact_networks(folder, processes, seeds, design), processes)
        print(f"{name:24} {found[name]}", flush=True)
    return found


def comparison(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Compact networks alone, then in rounds with plain ones."""
    seeds = 1 if asked.quick else asked.seeds
    figures: dict[str, Any] = summary(*compact_networks(folder, asked.processes, seeds), asked.processes)
    print(figures, flush=True)
    choice = replace(CHOSEN, give_up_s=asked.give_up_s)
    rounds = Rounds(choice, figures["median_pixel_error"], 1 if asked.quick else asked.rounds)
    found = compared(folder, asked.processes, rounds)
    ratios = [each["ratio"] for each in found]
    figures |= {
        "speedup_vs_plain": round(median(ratios), 1),
        "ratios": sorted(round(ratio, 1) for ratio in ratios),
        "plain_reached": sum(each["reached"] for each in found),
        "plain_error": [round(each["plain_error"], 4) for each in found],
        "plain_cpu_s": [round(each["plain_s"]) for each in found],
        "plain_scoring_cpu_s": round(median(each["plain_scoring_s"] for each in found), 1),
        "compact_cpu_s": [round(each["compact_s"], 2) for each in found],
        "plain_choice": asdict(choice),
        "load": [round(load, 1) for load in os.getloadavg()],
    }
    for name, value in figures.items():
        print(f"{name:28} {value}")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="half of the scenes, few networks, one plain one"
    )
    parser.add_argument("--choose", action="store_true", help="tune the plain loop instead")
    parser.add_argument(
        "--first-rung-s", type=float, default=45.0, help="CPU time after which --choose drops half [s]"
    )
    parser.add_argument("--front", action="store_true", help="compare designs instead (about 15 minutes)")
    parser.add_argument("--processes", type=int, default=2, help="as many as there are cores (default 2)")
    parser.add_argument("--seeds", type=int, default=5, help="compact networks of each domain (default 5)")
    parser.add_argument("--rounds", type=int, default=6, help="plain networks (default 6)")
    parser.add_argument(
        "--give-up-s", type=float, default=1200.0, help="most CPU time of a plain network [s]"
    )
    parser.add_argument(
        "--waves", type=Path, help="folder in which simulated waves are kept for the next run"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (asked.waves or Path(scratch)) / ("half" if asked.quick else "whole")
        store_waves(folder, asked.processes, asked.quick)
        if asked.front:
            print(json.dumps(front(folder, asked.processes, seeds=1 if asked.quick else 2)))
        elif asked.choose:
            with Progress() as progress:
                choice, table = chosen(folder, progress, asked.first_rung_s)
            print(*table, json.dumps(asdict(choice)), sep="\n")
        else:
            print(json.dumps(comparison(folder, asked)))


if __name__ == "__main__":
    main()
