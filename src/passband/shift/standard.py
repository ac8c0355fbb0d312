"""The predictors that every study is judged by, fixed before the study that judges was looked at.

The primary one is a smooth function of all measures, which need no network and no image of the test domain; a
second one corrects by some of them what a network says of itself on unlabelled images. Every plain baseline whose
column is in the table of pairs stands beside them.
"""

from typing import Final

import pandas as pd

from passband.information.registry import MEASURES
from passband.shift.evidence import BASELINES
from passband.shift.predictors import (
    Predictor,
    by_kernel,
    by_kernel_in_turn,
    by_measures,
    by_parameters,
)

PRIMARY: Final = tuple(MEASURES)
"""Features of the primary predictor: every measure, since no few of them did as well (docs/decisions/0023)."""
CORRECTING: Final = (
    "background_novelty",
    "relative_novelty",
    "outside_distance",
    "contrast_alignment",
    "detectability",
    "polarity",
    "delocalisation_mismatch_A",
    "delocalisation_growth_A",
)
"""Measures that correct what a network says of itself."""
CONFIDENCE: Final = ("soft_dice_confidence", "difference_of_confidences")
LABELLED: Final = "labelled_fraction_gained"
"""Ours: how much more of the images is labelled."""
PLAIN: Final = (
    "sigma_radial",
    "sigma_area",
    "sigma_specimen",
    "sigma_signed_radial",
    "coverage_radial",
    "transfer_l2",
    "transfer_cosine",
)
"""Measures of transfer alone, which ours have to beat as they have the baselines."""


def standard_ours(pairs: pd.DataFrame) -> list[Predictor]:
    """The primary predictor, and with the network's confidence where that is in the table."""
    ours = [by_kernel("measures", PRIMARY)]
    if {*CONFIDENCE, LABELLED} <= set(pairs.columns):
        ours.append(by_kernel_in_turn("measures and confidence", (*CONFIDENCE, LABELLED), CORRECTING))
    return ours


def standard_baselines(pairs: pd.DataFrame) -> list[Predictor]:
    """Every plain baseline in the table by itself, the band classifier, and the parameters of both domains.

    On the parameters both trees and the kernel of ours are tried, so that no model makes the difference.
    """
    single = {name: each.larger for name, each in BASELINES.items() if name != LABELLED} | {
        name: MEASURES[name].larger for name in PLAIN
    }
    single["band_classifier_dice"] = 1
    found = [by_measures(name, {name: larger}) for name, larger in single.items() if name in pairs]
    parameters = [str(name) for name in pairs if str(name).startswith(_ROLES) and name not in _KEYS]
    if not parameters:
        return found
    return [*found, by_parameters("parameters", parameters), by_kernel("parameters (smooth)", parameters)]


_ROLES: Final = ("train_", "test_")
_KEYS: Final = ("train_id", "test_id")
