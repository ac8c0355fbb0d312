"""Are the statistics honest? Simulated studies whose truth is known, 9 x 9 to 24 x 72 domains.

How often the 90 % interval of a crossed mean and of a rank correlation holds the truth, how often a measure that is
no better than the baseline "beats" it at the nominal 5 %, how often conformal intervals hold the Dice of fresh
training and test domains, and what an interval of a rank correlation costs at 32 x 64 domains.
Run it as ``python benchmarks/null_studies.py [--quick]``; the last line is JSON.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "shift"))

from null_samples import MIXES, crossed_tables, null_study

from passband.shift.additive import Additive
from passband.shift.comparison import compared
from passband.shift.conformal import conformal_half_width
from passband.shift.crossed import Resampling, crossed_mean
from passband.shift.leave_out import as_matrix, enough_folds, folds, predictions
from passband.shift.predictors import Predictor, linear, monotone_trees, smooth
from passband.shift.rank import correlation_interval, correlation_values, mean_by_row

SIZES = ((10, 12), (12, 30), (20, 40))
BOTH_ROLES = ((9, 9), (18, 18), (24, 72))
"""Where the domains that train are tested on too, and are as hard to leave as to reach."""


def coverage_of_means(studies: int) -> dict[str, float]:
    stream, held = np.random.default_rng(1), {}
    for mix, weights in MIXES.items():
        for n, m in SIZES:
            count = 0
            for study in range(studies):
                table, _ = crossed_tables(stream, (n, m), weights)
                low, high = crossed_mean(table, 300, study).interval(0.9)
                count += low <= 0 <= high
            held[f"{mix} {n}x{m}"] = count / studies
    return held


def coverage_of_both_roles(studies: int) -> dict[str, dict[str, float]]:
    """Of means and of rank correlations over all pairs, with what is known of the roles and without."""
    stream, told = np.random.default_rng(6), {}
    truth = 6 / np.pi * np.arcsin(0.3)
    for mix, weights in MIXES.items():
        for n, m in BOTH_ROLES:
            counts = dict.fromkeys(("mean", "mean, not known", "rank", "rank, not known"), 0)
            for study in range(studies):
                drop, measure = crossed_tables(stream, (n, m), weights, 0.6, both=n)
                ranks = correlation_values(drop, measure)["overall", "spearman"]
                for same, words in ((np.eye(n, m, dtype=bool), ""), (None, ", not known")):
                    low, high = crossed_mean(drop, 300, study, same).interval(0.9)
                    counts["mean" + words] += low <= 0 <= high
                    low, high = correlation_interval(crossed_mean(ranks, 300, study, same), 0.9)
                    counts["rank" + words] += low <= truth <= high
            told[f"{mix} {n}x{m}"] = {name: count / studies for name, count in counts.items()}
    return told


def coverage_of_correlations(studies: int) -> dict[str, float]:
    stream, held = np.random.default_rng(4), {}
    for mix, weights in MIXES.items():
        for r in (0.0, 0.6):
            truth, counts = 6 / np.pi * np.arcsin(r / 2), {"overall": 0, "within_training": 0}
            for study in range(studies):
                drop, measure = crossed_tables(stream, (12, 30), weights, r)
                values = correlation_values(drop, measure)
                for scope in counts:
                    table = values[scope, "spearman"]
                    mean = replace(crossed_mean(table, 300, study), value=mean_by_row(table))
                    low, high = correlation_interval(mean, 0.9)
                    counts[scope] += low <= truth <= high
            held |= {f"{scope} {mix} r={r}": count / studies for scope, count in counts.items()}
    return held


def null_rates(studies: int, sizes: tuple[tuple[int, int], ...], fit: object) -> dict[str, dict[str, float]]:
    stream, told = np.random.default_rng(7), {}
    x, y = (Predictor(name, (name,), (-1,), fit) for name in "xy")
    for n, m in sizes:
        better, worse, covered = 0, 0, []
        for study in range(studies):
            pairs, fresh = null_study(stream, n, m), null_study(stream, n, m)
            parts = folds(pairs, "both", enough_folds(len(pairs)), study)
            errors = {
                each.name: as_matrix(pairs, predictions(pairs, each, parts) - pairs["dice_mean"].to_numpy())
                for each in (x, y)
            }
            (found,) = compared(errors["x"], {"y": errors["y"]}, Resampling(study, 400))
            better, worse = better + (found.low > 0), worse + (found.high < 0)
            model = x.fitted(x.features(pairs), pairs["dice_mean"].to_numpy())
            off = np.abs(model(x.features(fresh)) - fresh["dice_mean"].to_numpy())
            covered.append(np.mean(off <= conformal_half_width(errors["x"], 0.9)))
        rate = (better + worse) / (2 * studies)
        told[f"{n}x{m}"] = {"beats": round(rate, 4), "coverage": round(float(np.mean(covered)), 4)}
        print(f"{n} x {m}: {told[f'{n}x{m}']}", flush=True)
    return told


def interval_seconds() -> float:
    stream = np.random.default_rng(0)
    drop, measure = stream.normal(size=(2, 32, 64))
    started = time.process_time()
    for values in correlation_values(drop, measure).values():
        crossed_mean(values, 1000, 0).interval(0.9)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer studies")
    parser.add_argument("--fitted", action="store_true", help="trees and the kernel too, which are slow")
    asked = parser.parse_args()
    studies = 200 if asked.quick else 1000
    means, correlations = coverage_of_means(studies), coverage_of_correlations(studies // 2)
    roles = coverage_of_both_roles(studies // 2)
    told = {"means": means, "correlations": correlations, "both_roles": roles}
    print(json.dumps(told, indent=1), flush=True)
    null = null_rates(studies, SIZES, linear)
    fits = {"sums": Additive} | ({"trees": monotone_trees, "smooth": smooth} if asked.fitted else {})
    fitted = {name: null_rates(200, ((12, 30),), fit) for name, fit in fits.items()}
    rates, covers = ([each[key] for each in null.values()] for key in ("beats", "coverage"))
    line = {
        "false_beats": [min(rates), max(rates)],
        "conformal_coverage": [min(covers), max(covers)],
        "mean_coverage": [min(means.values()), max(means.values())],
        "correlation_coverage": [min(correlations.values()), max(correlations.values())],
        "both_roles": {
            kind: [min(each[kind] for each in roles.values()), max(each[kind] for each in roles.values())]
            for kind in next(iter(roles.values()))
        },
        **fitted,
        "rank_interval_s": round(interval_seconds(), 3),
        "studies": studies,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
