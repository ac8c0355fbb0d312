"""Plain distances of two transfer functions, for comparison: no weight, no specimen, no dose.

L2       sqrt of the mean over the band's plane of |<T> - <T'>|²       in [0, 2], symmetric
cosine   ∫ Re<T><T'>* d²q / sqrt(∫ |<T>|² d²q ∫ |<T'>|² d²q)           in [-1, 1], symmetric
"""

import numpy as np

from passband.information.moments import TransferMoments


def transfer_l2(a: TransferMoments, b: TransferMoments) -> float:
    """Root mean square difference of the mean transfers over the plane, 0 for equal ones."""
    plane = a.grid.q_per_A * a.grid.element()
    return float(np.sqrt((np.abs(a.mean_transfer - b.mean_transfer) ** 2 * plane).sum() / plane.sum()))


def transfer_cosine(a: TransferMoments, b: TransferMoments) -> float:
    """Cosine between the mean transfers over the plane; 0 where one of them vanishes."""
    plane = a.grid.q_per_A * a.grid.element()
    pairs = ((a, b), (a, a), (b, b))
    both, own, other = (
        float(((x.mean_transfer * y.mean_transfer.conj()).real * plane).sum()) for x, y in pairs
    )
    return float(np.clip(both / np.sqrt(own * other), -1, 1)) if own * other > 0 else 0.0
