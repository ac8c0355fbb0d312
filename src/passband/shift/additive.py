"""Dice as a sum of monotone functions, one of each feature: what a measure, or a distance, is judged by on its own."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDS: Final = 30
"""Times that each function is fitted anew at most ..."""
SETTLED: Final = 1e-4
"""... and the change of Dice below which that ends."""


class Additive:
    """Least squares for a constant and one monotone function of each feature, fitted in turn to what the others leave.

    Between the values that were fitted a function is linear, beyond them constant; predictions are kept within 0 and 1.
    A missing feature (NaN, infinite) is taken for the mean of that feature.
    Isotonic regression (scipy); backfitting: P. Bacchetti, J. Am. Stat. Assoc. 84, 289 (1989).
    """

    def __init__(self, features: Floats, dice: Floats, larger: Sequence[int]) -> None:
        """features (n, p), dice (n,), and +1 or -1 for each feature: whether more of it is better or worse. Raises
        ValueError for another sign."""
        from scipy.optimize import isotonic_regression

        if any(sign not in (1, -1) for sign in larger):
            raise ValueError(f"additive: every feature needs +1 or -1, not {list(larger)}")
        known = np.isfinite(features)
        self.means: Floats = np.where(known, features, 0).sum(0) / np.maximum(known.sum(0), 1)
        self.constant = float(dice.mean())
        columns = self._filled(features).T
        knots = [np.unique(column, return_inverse=True, return_counts=True) for column in columns]
        self.knots: list[Floats] = [values for values, _, _ in knots]
        self.heights: list[Floats] = [np.zeros(len(values)) for values in self.knots]
        left = dice - self.constant
        for _ in range(ROUNDS):
            moved = 0.0
            for k, (_, place, count) in enumerate(knots):
                wanted = self.heights[k] + np.bincount(place, left) / count
                fitted = isotonic_regression(wanted, weights=count, increasing=larger[k] > 0).x
                change = fitted - self.heights[k]
                left = left - change[place]
                self.heights[k] = fitted
                moved = max(moved, float(np.abs(change).max()))
            if moved < SETTLED:
                break

    def __call__(self, features: Floats) -> Floats:
        """Dice (n,) of features (n, p)."""
        parts = map(np.interp, self._filled(features).T, self.knots, self.heights)
        return np.asarray(np.clip(self.constant + sum(parts), 0.0, 1.0), dtype=np.float64)

    def _filled(self, features: Floats) -> Floats:
        return np.asarray(np.where(np.isfinite(features), features, self.means), dtype=np.float64)
