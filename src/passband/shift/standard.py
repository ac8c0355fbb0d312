"""The predictors that every study is judged by, fixed before the study that judges was looked at.

The primary one is a smooth function of all measures, the settings of both domains, and of what a classifier of
textures without a network finds in simulated images: none of it needs a network or an image of the test
domain. A second one corrects by all of these what a network says of itself on unlabelled images, and how much it labels
there. Every plain baseline whose column is in the table of pairs stands beside them.
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

CLOSED_FORM: Final = tuple(MEASURES)
"""Every measure, since no few of them did as well (docs/decisions/0023): formulas, no image."""
BAND_CLASSIFIER: Final = (
    "band_classifier_dice",
    "band_classifier_recall",
    "band_classifier_false_alarms",
)
"""Columns of the classifier of textures, on simulated images."""
TEXTURES: Final = (
    *BAND_CLASSIFIER,
    "discriminant_dice",
    "discriminant_recall",
    "discriminant_false_alarms",
)
"""What textures alone let find, of simulated images and by formula."""
PRIMARY: Final = "measures, settings and textures"
"""The predictor that decides where no image of the test domain is known."""
CONFIDENT: Final = "measures and confidence"
"""The predictor that decides where unlabelled images of it are known."""
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
    """The primary predictor, its parts by themselves, and with the network's confidence where that is in the table."""
    alone = ("discriminant_dice", *(name for name in BAND_CLASSIFIER[:1] if name in pairs))
    ours = [
        by_kernel(PRIMARY, physics_columns(pairs)),
        by_kernel("measures", CLOSED_FORM),
        *(by_measures(name, {name: 1}) for name in alone),
    ]
    if {*CONFIDENCE, LABELLED} <= set(pairs.columns):
        ours.append(by_kernel_in_turn(CONFIDENT, (*CONFIDENCE, LABELLED), physics_columns(pairs)))
    return ours


def standard_baselines(pairs: pd.DataFrame) -> list[Predictor]:
    """Every plain baseline in the table by itself, and the settings of both domains.

    On the settings both trees and the kernel of ours are tried, so that no model makes the difference.
    """
    single = {name: each.larger for name, each in BASELINES.items() if name != LABELLED} | {
        name: MEASURES[name].larger for name in PLAIN
    }
    found = [by_measures(name, {name: larger}) for name, larger in single.items() if name in pairs]
    settings = setting_columns(pairs)
    if not settings:
        return found
    return [*found, by_parameters("parameters", settings), by_kernel("parameters (smooth)", settings)]


def physics_columns(pairs: pd.DataFrame) -> tuple[str, ...]:
    """All that is known without an image of the test domain: measures, textures, and the settings of both domains."""
    return (*CLOSED_FORM, *(name for name in BAND_CLASSIFIER if name in pairs), *setting_columns(pairs))


def setting_columns(pairs: pd.DataFrame) -> list[str]:
    """The columns of the settings of both domains; those that are the same in all domains are not in the table."""
    return [str(name) for name in pairs if str(name).startswith(_ROLES) and name not in _KEYS]


_ROLES: Final = ("train_", "test_")
_KEYS: Final = ("train_id", "test_id")
