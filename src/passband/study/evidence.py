"""What the networks of a training domain say of unlabelled images of every test domain.

One network, the median one at home, gives probabilities and features; another one tells how far two agree.
The images are those of the tests, without their masks; at home likewise, of structures never trained on. One
test domain is held at a time. Beside that stands the Dice of the same network on images simulated under the imaging
of the test domain (`simulated`), which takes no image of it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.imaging.distribution import ImagingDistribution
from passband.networks.features import Response
from passband.shift.contests import SIMULATED
from passband.shift.evidence import BASELINES, Evidence, known
from passband.shift.pair_table import KEYS

MOST_IMAGES: Final = 32
"""Images of a domain that networks are shown."""
AGREEMENT_IMAGES: Final = 16
"""The first images of a domain, which the second network is shown too."""
PAIRED_IMAGES: Final = 8
"""Images of a domain that are compared with those of the same structures at home."""
FEATURE_IMAGES: Final = 12
"""The first images of a domain, whose features are compared: distances of clouds depend on how many there are, and
models are carried from one study to another."""
MOST_COMPONENTS: Final = 6
"""Features are taken along so many principal axes of both domains: clouds need more images than features."""
PICTURES: Final = ("images", "features", "paired_features", "probabilities", "other_probabilities")
"""Fields of evidence that need images of the test domain."""
OF_IMAGES: Final = tuple(
    name
    for name, each in BASELINES.items()
    if set(each.needs) & set(PICTURES) and name != "power_spectrum_distance"
)
"""Columns from images of the tests; the distance of power spectra stands in the table `information`."""
NAMES: Final = (*OF_IMAGES, SIMULATED)
"""Columns of the table."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A domain's images (n, ny, nx) with pixels of a size [Å], whose structures they are, and two responses to them.

    other: of a second network to the first images, None where there is only one. simulated_dice: of the first
    network on images simulated under the same imaging, NaN where there are none.
    """

    imaging: ImagingDistribution
    structures: str
    images: NDArray[np.floating]
    pixel_A: float
    one: Response
    other: Response | None
    simulated_dice: float = float("nan")


def evidence_table(train: str, tests: Iterable[str], shown: Callable[[str], Shown]) -> pd.DataFrame:
    """A row per test domain: train_id, test_id and `NAMES`; NaN where something is missing or does not compare."""
    home = shown(train)
    rows = [
        {"train_id": train, "test_id": test} | _row(home, home if test == train else shown(test))
        for test in tests
    ]
    return pd.DataFrame(rows, columns=[*KEYS, *NAMES])


def _row(home: Shown, away: Shown) -> dict[str, float]:
    sides = _evidence(home, away)
    return {name: _value(name, home, away, sides) for name in OF_IMAGES} | {SIMULATED: away.simulated_dice}


def _value(name: str, home: Shown, away: Shown, sides: tuple[Evidence, Evidence]) -> float:
    needs = BASELINES[name].needs
    same = home.structures == away.structures
    if "images" in needs and not (same and home.images.shape == away.images.shape):
        return float("nan")
    rows = [len(known(side.paired_features)) for side in sides]
    if "paired_features" in needs and not (same and rows[0] == rows[1] > 3):
        return float("nan")
    if "other_probabilities" in needs:
        if away.other is None:
            return float("nan")
        seen = known(sides[1].probabilities)[: len(away.other.probabilities)]
        return BASELINES[name].value(sides[0], replace(sides[1], probabilities=seen))
    return BASELINES[name].value(*sides)


def _evidence(home: Shown, away: Shown) -> tuple[Evidence, Evidence]:
    clouds = [_floats(each.one.features.numpy())[:FEATURE_IMAGES] for each in (home, away)]
    features = common_components(clouds)
    first, second = (
        replace(
            Evidence(
                each.imaging,
                images=each.images[:PAIRED_IMAGES],
                sampling_A=each.pixel_A,
                features=own,
                paired_features=own,
                probabilities=each.one.probabilities.numpy(),
            ),
            other_probabilities=None if each.other is None else each.other.probabilities.numpy(),
        )
        for each, own in zip((home, away), features, strict=True)
    )
    return first, second


def common_components(clouds: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Clouds (n, n_features) along the principal axes of all: at most `MOST_COMPONENTS`, and half the smallest n."""
    every = np.concatenate(list(clouds))
    count = max(1, min(MOST_COMPONENTS, every.shape[1], min(map(len, clouds)) // 2))
    centre = every.mean(0)
    _, _, axes = np.linalg.svd(every - centre, full_matrices=False)
    return [(cloud - centre) @ axes[:count].T for cloud in clouds]


def _floats(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)
