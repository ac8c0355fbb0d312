"""The predictors that every study is judged by, fixed before any study was run.

The primary one is a monotone model on measures that need no network and no image of the test domain; a second
one adds what a network says of itself on unlabelled images. Every plain baseline whose column is in the table
of pairs stands beside them.
"""

from typing import Final

import pandas as pd

from passband.information.registry import MEASURES
from passband.shift.evidence import BASELINES
from passband.shift.predictors import Predictor, by_measures, by_parameters

PRIMARY: Final = (
    "expected_dice",
    "detectability",
    "texture_mismatch",
    "log_spectrum_distance",
    "polarity",
    "noise_gained",
    "delocalisation_mismatch_A",
    "delocalisation_growth_A",
    "support_visibility_train",
)
"""Measures of the primary predictor: separability, surprise, sign, noise, displacement, what was there to learn."""
CONFIDENCE: Final = ("soft_dice_confidence", "difference_of_confidences")
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
    primary = {name: MEASURES[name].larger for name in PRIMARY}
    ours = [by_measures("measures", primary)]
    if set(CONFIDENCE) <= set(pairs.columns):
        confident = primary | {name: BASELINES[name].larger for name in CONFIDENCE}
        ours.append(by_measures("measures and confidence", confident))
    return ours


def standard_baselines(pairs: pd.DataFrame) -> list[Predictor]:
    """Every plain baseline in the table by itself, the band classifier, and trees on the parameters of both domains."""
    single = {name: each.larger for name, each in BASELINES.items()} | {
        name: MEASURES[name].larger for name in PLAIN
    }
    single["band_classifier_dice"] = 1
    found = [by_measures(name, {name: larger}) for name, larger in single.items() if name in pairs]
    parameters = [str(name) for name in pairs if str(name).startswith(_ROLES) and name not in _KEYS]
    return [*found, *([by_parameters("parameters", parameters)] if parameters else [])]


_ROLES: Final = ("train_", "test_")
_KEYS: Final = ("train_id", "test_id")
