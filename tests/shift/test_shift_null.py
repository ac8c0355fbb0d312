"""How often a 90 % interval holds the true value on simulated studies of 5 training and 11 test domains.

Drop and measure are sums of an effect of the training domain, of the test domain and of the pair, standard
normal times a weight, with the correlation r between drop and measure in each of them; the population's
Spearman correlation is then (6/π) arcsin(r/2). Networks and structures add noise of their own. Found with
1,000 studies each:

| weights (training, test, pair) | r | overall | within a training domain |
|---|---|---|---|
| 2, 2, 0.5 | 0 | .884 | .909 |
| 1, 1, 1 | 0 | .946 | .960 |
| 0, 0, 1 | 0 | .990 | .996 |
| 2, 2, 0.5 | 0.6 | .895 | .928 |
| 1, 1, 1 | 0.6 | .959 | .971 |

So intervals are right where domains decide, and too wide, never too narrow, where single pairs do.
"""

import numpy as np
import pytest

from passband.shift.bootstrap import draw_resamples, median_gaps
from passband.shift.cube import ScoreCube
from passband.shift.rank import correlations_by_scope, drawn_measure

STUDIES = 120


def correlated(
    stream: np.random.Generator, shape: tuple[int, int], r: float
) -> tuple[np.ndarray, np.ndarray]:
    first, second = stream.normal(size=(2, *shape))
    return first, r * first + np.sqrt(1 - r**2) * second


def coverage_of_truth(weights: tuple[float, float, float], r: float) -> dict[str, float]:
    stream = np.random.default_rng(4)
    truth = 6 / np.pi * np.arcsin(r / 2)
    held = {"overall": 0, "within_training": 0}
    for study in range(STUDIES):
        effects = [correlated(stream, shape, r) for shape in ((5, 1), (1, 11), (5, 11))]
        drop, measure = (
            sum(w * effect[k] for w, effect in zip(weights, effects, strict=True)) for k in (0, 1)
        )
        # a twelfth test domain, home of all, in which nothing is wrong: drops are then the effects themselves
        badness = np.zeros((5, 3, 12, 8))
        badness[:, :, :11] = drop[:, None, :, None] + 0.1 * stream.normal(size=(5, 3, 11, 8))
        ids = tuple(map(str, range(12)))
        cube = ScoreCube(badness, ids[:5], ids, np.full(5, 3), np.full(5, 11))
        draws = draw_resamples(cube, 200, study)
        matrix = np.column_stack([measure, np.full(5, np.nan)])
        values = correlations_by_scope(median_gaps(cube, draws), drawn_measure(matrix, draws))
        for scope in held:
            low, high = np.nanquantile(values[scope, "spearman"], [0.05, 0.95])
            held[scope] += bool(low <= truth <= high)
    return {scope: count / STUDIES for scope, count in held.items()}


@pytest.mark.slow
@pytest.mark.parametrize("r", [0.0, 0.6])
def test_intervals_hold_the_truth_at_the_nominal_rate_where_domains_decide(r: float) -> None:
    # 120 studies at 90 %: one standard error is 2.7 %, and three are allowed
    rates = coverage_of_truth((2.0, 2.0, 0.5), r)
    assert 0.82 <= min(rates.values()) <= max(rates.values()) <= 0.98


@pytest.mark.slow
def test_intervals_are_too_wide_and_not_too_narrow_where_pairs_decide() -> None:
    rates = coverage_of_truth((0.0, 0.0, 1.0), 0.0)
    assert min(rates.values()) >= 0.95
