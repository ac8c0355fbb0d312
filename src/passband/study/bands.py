"""How far texture and brightness alone carry over, tried on simulated images: no image of a test is used.

For every training domain a classifier of local band energies is fitted on images of some of its training
structures, and applied to images of other training structures under the imaging of each test domain. A
microscopist who knows the settings of a microscope can simulate these before recording anything.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.data.batches import Batch
from passband.shift.band_energy import band_classifier_dice, band_energies, fit_band_classifier
from passband.shift.contests import BAND_CLASSIFIER
from passband.shift.pair_table import KEYS

BAND_SCENES: Final = 6
"""Structures on which a classifier is fitted, and as many others on which it is tried."""
STEP_PX: Final = 4
"""Energies are smooth over 12 pixels, so every fourth pixel in both directions tells all."""

Energies = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Energies (n, y, x, bands) and masks (n, y, x)."""
Simulated = Callable[[str, bool], tuple[Batch, float] | None]
"""Images of a domain, of the structures to fit on (True) or to try on, and their pixel [Å]; None without structures."""


def band_table(pairs: Sequence[tuple[str, str]], simulated: Simulated) -> pd.DataFrame:
    """Dice of the classifier of each training domain in each test domain: train_id, test_id, band_classifier_dice.

    One domain's images are held at a time. NaN where the masks of a training domain are all of one class.
    """
    classifiers = {train: _classifier(simulated, train) for train in dict.fromkeys(one for one, _ in pairs)}
    found = {}
    for test in dict.fromkeys(each for _, each in pairs):
        shown = _energies(simulated, test, to_fit_on=False)
        for train, classifier in classifiers.items():
            if shown is not None and classifier is not None:
                found[train, test] = band_classifier_dice(classifier, *shown)
    rows = [(*pair, found.get(pair, float("nan"))) for pair in pairs]
    return pd.DataFrame(rows, columns=[*KEYS, BAND_CLASSIFIER])


def _classifier(simulated: Simulated, train: str) -> Any:
    shown = _energies(simulated, train, to_fit_on=True)
    if shown is None or shown[1].all() or not shown[1].any():
        return None
    return fit_band_classifier(*shown)


def _energies(simulated: Simulated, domain: str, to_fit_on: bool) -> Energies | None:
    found = simulated(domain, to_fit_on)
    if found is None:
        return None
    batch, pixel_A = found
    energies = band_energies(batch.images[:, 0].numpy(), pixel_A)[:, ::STEP_PX, ::STEP_PX]
    return np.ascontiguousarray(energies), batch.masks.numpy()[:, ::STEP_PX, ::STEP_PX]
