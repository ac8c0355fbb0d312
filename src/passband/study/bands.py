"""How far texture alone carries over, tried on simulated images: no image of a test is used.

For every training domain a classifier of local band amplitudes is fitted on images of some of its training
structures, and applied to images of other training structures under the imaging of each test domain. A
microscopist who knows the settings of a microscope can simulate these before recording anything.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.data.batches import Batch
from passband.information.discriminant import Found
from passband.shift.band_energy import (
    Amplitudes,
    BandClassifier,
    band_amplitudes,
    band_classifier_finds,
    can_be_learned,
    fit_band_classifier,
)
from passband.shift.pair_table import KEYS
from passband.shift.standard import BAND_CLASSIFIER

BAND_SCENES: Final = 12
"""Structures on which a classifier is fitted, and as many others on which it is tried."""
STEP_PX: Final = 4
"""Amplitudes are smooth over 14 pixels, so every fourth pixel in both directions tells all."""

Simulated = Callable[[str, bool], Batch | None]
"""Images of a domain, of the structures to fit on (True) or to try on; None without structures."""


def band_table(pairs: Sequence[tuple[str, str]], simulated: Simulated) -> pd.DataFrame:
    """What the classifier of each training domain finds in each test domain: train_id, test_id, `BAND_CLASSIFIER`.

    One domain's images are held at a time. NaN where the masks of a training domain cannot be learned.
    """
    classifiers = {train: _classifier(simulated, train) for train in dict.fromkeys(one for one, _ in pairs)}
    found: dict[tuple[str, str], Found] = {}
    for test in dict.fromkeys(each for _, each in pairs):
        shown = _amplitudes(simulated, test, to_fit_on=False)
        for train in (one for one, each in pairs if each == test):
            classifier = classifiers[train]
            if shown is not None and classifier is not None:
                found[train, test] = band_classifier_finds(classifier, *shown)
    nothing = Found(*(float("nan"),) * 3)
    rows = [
        (*pair, each.dice, each.recall, each.false_alarms)
        for pair, each in ((pair, found.get(pair, nothing)) for pair in pairs)
    ]
    return pd.DataFrame(rows, columns=[*KEYS, *BAND_CLASSIFIER])


def _classifier(simulated: Simulated, train: str) -> BandClassifier | None:
    shown = _amplitudes(simulated, train, to_fit_on=True)
    return fit_band_classifier(*shown) if shown is not None and can_be_learned(shown[1]) else None


def _amplitudes(
    simulated: Simulated, domain: str, to_fit_on: bool
) -> tuple[Amplitudes, NDArray[np.bool_]] | None:
    batch = simulated(domain, to_fit_on)
    if batch is None:
        return None
    masks = batch.masks.numpy()[:, ::STEP_PX, ::STEP_PX] > 0.5
    return band_amplitudes(batch.images[:, 0].numpy(), STEP_PX), masks
