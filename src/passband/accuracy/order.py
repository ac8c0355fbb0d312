"""The order of convergence: how fast an error falls with a step, from its values at several steps.

The errors are those against a finest step, which has one of its own; so what is fitted is the difference of two
powers, error(h) = a (h^p - h_finest^p), and not a straight line through the logarithms.

Slices. An atom is shared by the four nearest planes, so that what it scatters once is right up to the fourth order of
the thickness; but its shares scatter one after the other, which is wrong by a term of first order in the thickness and
of second order in the strength of the atom (scattering/slicing.py). So an image of weak atoms converges at fourth order
and one of strong atoms, in the end, at first, from a much smaller error.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar

from passband.accuracy.result import Order

FEWEST: Final = 3
"""Steps, besides the finest, that a fit needs."""
SMALLEST_ERROR: Final = 2e-4
"""An error below this may be the rounding of single precision."""
ORDER_OF_SLICES: Final = 1.0
"""Declared order of the slice thickness for strong atoms."""
ORDER_OF_WEAK_SLICES: Final = 4.0
"""The same for weak ones."""


def fitted_order(
    steps: Sequence[float], errors: Sequence[float], finest: float, declared: float
) -> Order | None:
    """The power p of a (h^p - h_finest^p), by least squares of the logarithms; None with too few steps.

    steps: larger than the finest one; errors: at these steps, against the finest. p is sought from 0.1 to 6.
    """
    kept = [(h, e) for h, e in zip(steps, errors, strict=True) if h > finest and e > SMALLEST_ERROR]
    if len(kept) < FEWEST:
        return None
    h, logarithm = np.array([step for step, _ in kept]), np.log([error for _, error in kept])

    def misfit(power: float) -> float:
        residual = logarithm - np.log(h**power - finest**power)
        return float(((residual - residual.mean()) ** 2).sum())

    power = float(minimize_scalar(misfit, bounds=(0.1, 6.0), method="bounded").x)
    return Order(power, float(h.min()), float(h.max()), declared)
