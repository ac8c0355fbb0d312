"""Compact networks per hour at a stated error, against a plain PyTorch loop brought to the same error.

One data set serves all: the training, validation and test scenes of the study ``demo``, imaged at -10, -5, 0, +5 and
+10 nm. A compact network is trained as the study would and scored on all 11 conditions, 16 unseen scenes each; two
processes of one thread work through a queue of them, and wall time is counted from the moment when both are warm.

The plain loop is what a user would write first: a U-Net of base 16 and depth 4 with transposed convolutions,
float32, contiguous, Adam, cross entropy, noisy images in memory, quarter turns and mirrors, one network after the
other. It stops at the first check at which its error on the test images themselves (which flatters it) is no more
than the compact networks' median; checks cost it nothing. Its learning rate, batch size and number of threads
are the best of those that ``--choose`` tries (docs/decisions/0015-trainer.md). Where ``plain_reached`` is less than
the number of plain networks, the others gave up and the speed-up is a lower bound.

    python benchmarks/training.py [--quick] [--choose]
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

from training_bench.compact import DEFOCUSED_NM, DESIGNS, compact_networks, summary
from training_bench.data import store_waves
from training_bench.plain import CHOSEN, chosen, plain_networks


def front(folder: Path, processes: int, seeds: int) -> dict[str, Any]:
    """Every design on the same images."""
    found: dict[str, Any] = {}
    for name, design in DESIGNS.items():
        found[name] = summary(*compact_networks(folder, processes, seeds, design))
        print(f"{name:24} {found[name]}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="half of the scenes, few networks, one plain one"
    )
    parser.add_argument("--choose", action="store_true", help="tune the plain loop first (an hour or more)")
    parser.add_argument("--front", action="store_true", help="compare designs instead (about 15 minutes)")
    parser.add_argument("--processes", type=int, default=2, help="as many as there are cores (default 2)")
    parser.add_argument("--give-up-s", type=float, default=600.0, help="longest time of a plain network [s]")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        store_waves(folder, asked.processes, asked.quick)
        if asked.front:
            print(json.dumps(front(folder, asked.processes, seeds=1 if asked.quick else 2)))
            return
        results, seconds = compact_networks(folder, asked.processes, seeds=1 if asked.quick else 5)
        figures: dict[str, Any] = summary(results, seconds)
        print(figures, flush=True)
        target = figures["median_pixel_error"]
        choice = replace(CHOSEN, give_up_s=asked.give_up_s)
        if asked.choose:
            choice = chosen(folder, asked.processes, target, asked.give_up_s)
        tasks = [(DEFOCUSED_NM[seed % len(DEFOCUSED_NM)], seed) for seed in range(1 if asked.quick else 6)]
        plain = plain_networks(folder, asked.processes, tasks, choice, target)
    plain_s = median(each["seconds"] for each in plain)
    plain_per_hour = 3600 * (asked.processes // choice.threads) / plain_s
    figures |= {
        "speedup_vs_plain": round(figures["networks_per_hour"] / plain_per_hour, 1),
        "plain_networks_per_hour": round(plain_per_hour, 1),
        "plain_s": [round(each["seconds"]) for each in plain],
        "plain_scoring_s": round(median(each["scoring_s"] for each in plain), 1),
        "plain_reached": sum(each["reached"] for each in plain),
        "plain_choice": asdict(choice),
    }
    for name, value in figures.items():
        print(f"{name:28} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
