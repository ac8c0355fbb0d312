"""What networks say of themselves on images without masks: confidence, its change, and agreement.

Probabilities are (n, ny, nx) in [0, 1], of a pixel being particle; a label is a probability above ½.
"""

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.floating]


def soft_dice_confidence(probabilities: Probabilities) -> float:
    """Mean over images of 2 Σ p l / (Σ p + Σ l), l the label, in [0, 1]; 1 where nothing is above 0.

    The Dice that a network would expect of its own labels (B. L. C. Borges, B. M. Pacheco, D. Silva, arXiv 2402.10665).
    """
    p = np.asarray(probabilities, dtype=np.float64)
    label = p > 0.5
    both, either = (p * label).sum((-2, -1)), p.sum((-2, -1)) + label.sum((-2, -1))
    return float(np.mean(np.divide(2 * both, either, out=np.ones_like(both), where=either > 0)))


def mean_confidence(probabilities: Probabilities) -> float:
    """Mean over pixels of max(p, 1 - p), in [½, 1]."""
    p = np.asarray(probabilities, dtype=np.float64)
    return float(np.maximum(p, 1 - p).mean())


def difference_of_confidences(home: Probabilities, away: Probabilities) -> float:
    """Mean confidence at home less that away, in [-½, ½]; how much accuracy is expected to fall.

    D. Guillory et al., ICCV 2021.
    """
    return mean_confidence(home) - mean_confidence(away)


def labelled_fraction_gained(home: Probabilities, away: Probabilities) -> float:
    """Log of the labelled part of the images away over that at home [nepers].

    Networks that fail label the support as well (see ``information.novelty``), or next to nothing: the part grows or
    shrinks. It takes the true part for the same in both; an empty answer counts as one part in a million.
    """
    parts = [float((np.asarray(each) > 0.5).mean()) + 1e-6 for each in (home, away)]
    return float(np.log(parts[1] / parts[0]))


def label_agreement(first: Probabilities, second: Probabilities) -> float:
    """Mean over images of the Dice between the labels of two networks of one training domain, in [0, 1].

    1 where neither labels anything. Y. Jiang et al., ICLR 2022 (arXiv 2106.13799); raises ValueError for other shapes.
    """
    if first.shape != second.shape:
        raise ValueError("two networks agree on the same images only")
    a, b = first > 0.5, second > 0.5
    both, either = (a & b).sum((-2, -1)), a.sum((-2, -1)) + b.sum((-2, -1))
    return float(np.mean(np.divide(2.0 * both, either, out=np.ones(len(a)), where=either > 0)))
