"""The study `demo` as a user runs it: wall time, memory of all processes together, and how well its networks do.

Also how long `passband --help`, and the same command on the finished run, take to answer. Nothing is compared with
another program here; the last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pandas as pd
import psutil

COMMAND = [sys.executable, "-c", "from passband.cli import main; main()"]


def peak_memory_mib(process: psutil.Process, stop: threading.Event, seen: list[float]) -> None:
    """Sample the memory of a process and all that it started; what they share is counted once (PSS)."""
    while not stop.wait(1.0):
        total = 0
        for each in [process, *process.children(recursive=True)]:
            try:
                total += each.memory_full_info().pss
            except psutil.Error:
                continue
        seen.append(total / 2**20)


def timed(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def run_watched(root: Path, workers: str) -> tuple[float, float]:
    """Seconds and peak MiB of the whole run."""
    started, stop, seen = time.perf_counter(), threading.Event(), [0.0]
    arguments = ["run", "demo", "--root", str(root), "--workers", workers]
    with subprocess.Popen([*COMMAND, *arguments]) as running:
        watcher = threading.Thread(target=peak_memory_mib, args=(psutil.Process(running.pid), stop, seen))
        watcher.start()
        code = running.wait()
        stop.set()
        watcher.join()
    if code:
        sys.exit(code)
    return time.perf_counter() - started, max(seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, help="keep the run here; default: a temporary folder")
    parser.add_argument("--workers", default="2")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = chosen.root or Path(scratch) / "demo"
        seconds, memory_mib = run_watched(root, chosen.workers)
        scores = pd.read_parquet(root / "scores.parquet")
        again_s = timed("run", "demo", "--root", str(root))
    means = (
        scores.groupby(["train_id", "test_id", "network_id"])[["dice", "pixel_error"]].mean().reset_index()
    )
    own = means[means["train_id"] == means["test_id"]]
    focused = own["train_id"] == "0 nm"
    images = scores[scores["train_id"] == scores["test_id"]]
    image_focused = images["train_id"] == "0 nm"
    medians = means.groupby(["train_id", "test_id"])["dice"].median().unstack()
    print(medians.round(3).to_string())
    figures = {
        "study_s": round(seconds),
        "peak_memory_mib": round(memory_mib),
        "networks": int(means["network_id"].nunique()),
        "median_image_dice_defocused": round(float(images.loc[~image_focused, "dice"].median()), 4),
        "median_image_dice_at_zero": round(float(images.loc[image_focused, "dice"].median()), 4),
        "median_network_dice_defocused": round(float(own.loc[~focused, "dice"].median()), 4),
        "median_network_dice_at_zero": round(float(own.loc[focused, "dice"].median()), 4),
        "median_pixel_error_defocused": round(float(own.loc[~focused, "pixel_error"].median()), 4),
        "lowest_median_dice_out_of_distribution": round(float(medians.min(axis=None)), 4),
        "finished_run_answers_s": round(again_s, 2),
        "help_s": round(min(timed("--help") for _ in range(5)), 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
