"""What models of prediction cost: single measures by sums of monotone functions or trees, smooth models by matrices.

Every single measure and baseline of a published study, with both domains left out: CPU seconds of either model, and
the error it comes to. Then the primary predictor, fitted to all pairs, foretells them all: by the matrix of distances
to its support vectors, and row by row, as the library does it. Always one thread, both sides in turn.
Run it as ``python benchmarks/prediction_models.py [RESULTS ...]``; the last line is JSON.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.svm import SVR
from threadpoolctl import threadpool_limits

from passband.shift.additive import Additive
from passband.shift.contests import CONTESTS, contest
from passband.shift.leave_out import Fold, enough_folds, folds, predictions
from passband.shift.predictors import KNOWN_TO, STIFFNESS, SUREST, Predictor, monotone_trees
from passband.study.results import open_results
from passband.study.taught import with_settings

REPETITIONS = 9
STUDIES = ("results/structure", "results/imaging-judge")


def singles(pairs: pd.DataFrame) -> list[Predictor]:
    """Who takes part in either contest with one column and its sign."""
    every = [
        each for name in CONTESTS for each in (*contest(name, pairs).ours, *contest(name, pairs).baselines)
    ]
    return list(dict.fromkeys(each for each in every if each.fit is Additive))


def cost_and_error(pairs: pd.DataFrame, predictor: Predictor, parts: list[Fold]) -> tuple[float, float]:
    """CPU seconds of fitting and predicting all folds, and the mean absolute error of Dice."""
    begin_s = time.process_time()
    found = predictions(pairs, predictor, parts)
    spent_s = time.process_time() - begin_s
    return spent_s, float(np.nanmean(np.abs(found - pairs["dice_mean"].to_numpy())))


def rows_over_matrix(pairs: pd.DataFrame) -> list[float]:
    """CPU time of foretelling all pairs row by row over that by matrices: median, least and largest of repetitions."""
    primary = contest("physics", pairs).ours[0]
    features, dice = primary.features(pairs), pairs["dice_mean"].to_numpy(np.float64)
    spread = features.std(0)
    scaled = np.nan_to_num((features - features.mean(0)) / np.where(spread > 0, spread, 1))
    library = SVR(C=STIFFNESS, epsilon=KNOWN_TO, gamma=0.5 / scaled.shape[1])
    library.fit(scaled, logit(np.clip(dice, 1 - SUREST, SUREST)))
    model, ratios = primary.fitted(features, dice), []
    for _ in range(REPETITIONS):
        begin_s = time.process_time()
        model(features)
        between_s = time.process_time()
        library.predict(scaled)
        ratios.append((time.process_time() - between_s) / (between_s - begin_s))
    return [round(each, 1) for each in (median(ratios), min(ratios), max(ratios))]


def compared(place: Path) -> dict[str, object]:
    """Both models on every single measure of a study's own series."""
    results = open_results(place)
    pairs = with_settings(results.study, results.own_pairs, None)
    parts = folds(pairs, "both", enough_folds(len(pairs)), 0)
    ratios, changes = [], []
    for each in singles(pairs):
        (trees_s, by_trees), (sum_s, by_sum) = (
            cost_and_error(pairs, replace(each, fit=fit), parts) for fit in (monotone_trees, Additive)
        )
        ratios.append(trees_s / sum_s)
        changes.append(by_sum - by_trees)
        print(
            f"{place.name:16}{each.name:28}trees {by_trees:.4f}  sum {by_sum:.4f}  {ratios[-1]:5.1f} times as fast"
        )
    return {
        "folds": len(parts),
        "rows_over_matrix_cpu": rows_over_matrix(pairs),
        "trees_over_sum_cpu": [round(each, 1) for each in (median(ratios), min(ratios), max(ratios))],
        "error_of_sum_less_trees": [round(each, 4) for each in (median(changes), min(changes), max(changes))],
    }


def main() -> None:
    places = [Path(each) for each in sys.argv[1:] or STUDIES]
    with threadpool_limits(1, "blas"):
        print(json.dumps({place.name: compared(place) for place in places}))


if __name__ == "__main__":
    main()
