"""The measures of one imaging distribution and of two: what is transferred, and how much of it is shared.

With <·> the mean over a distribution, a = sqrt<|T|²> and w the weights of the band (`weights.Weight.on`):

    ε(D)            = ∫ <|T|²> w dq / ∫ w dq                                          in [0, 1]
    σ(D, D')        = ∫ a a' w dq / sqrt(∫ a² w dq · ∫ a'² w dq)                      in [0, 1]
    σ_signed(D, D') = ∫ Re<T><T'>* w dq / sqrt(∫ <|T|²> w dq · ∫ <|T'|²> w dq)        in [-1, 1]
    coverage        = ∫ min(a, a') w dq / ∫ a' w dq     of D' by D                    in [0, 1]

σ is 1 for equal transfer and blind to contrast reversal. σ_signed is -1 where the contrast is reversed
throughout; of a distribution with itself it is 1 only if the transfer does not vary. Coverage has a
direction: a broad distribution covers a narrow one better than the reverse. Where a distribution transfers
nothing at all (exactly at focus, without aberrations) there is nothing to have in common, and σ, σ_signed and
its coverage are 0.

These are our definitions, based on the contrast transfer function; both sides are given on one grid.
"""

import numpy as np
from numpy.typing import NDArray

from passband.information.moments import TransferMoments


def epsilon(moments: TransferMoments, w: NDArray[np.float64]) -> float:
    """ε in [0, 1]: how much of the band is transferred. w: (n_phi, n_q)."""
    return float((moments.mean_power * w).sum() / w.sum())


def sigma(a: TransferMoments, b: TransferMoments, w: NDArray[np.float64]) -> float:
    """σ in [0, 1]: overlap of the two amplitudes, symmetric. w: (n_phi, n_q)."""
    return _ratio(float((a.amplitude * b.amplitude * w).sum()), _scale(a, b, w))


def sigma_signed(a: TransferMoments, b: TransferMoments, w: NDArray[np.float64]) -> float:
    """Signed σ in [-1, 1]: overlap of the two mean transfers with their signs, symmetric. w: (n_phi, n_q)."""
    overlap = (a.mean_transfer * b.mean_transfer.conj()).real
    return _ratio(float((overlap * w).sum()), _scale(a, b, w))


def coverage(seen: TransferMoments, shown: TransferMoments, w: NDArray[np.float64]) -> float:
    """Coverage in [0, 1] of what one distribution shows by what was seen in another. w: (n_phi, n_q)."""
    common = np.minimum(seen.amplitude, shown.amplitude)
    return _ratio(float((common * w).sum()), float((shown.amplitude * w).sum()))


def _scale(a: TransferMoments, b: TransferMoments, w: NDArray[np.float64]) -> float:
    return float(np.sqrt((a.mean_power * w).sum() * (b.mean_power * w).sum()))


def _ratio(part: float, whole: float) -> float:
    """part / whole, which is at most 1 in size but for rounding; 0 of nothing is 0."""
    return min(1.0, max(-1.0, part / whole)) if whole > 0 else 0.0
