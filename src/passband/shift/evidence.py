"""Every plain baseline of a pair of domains by name, behind one interface.

What can be known of a domain without masks is its evidence; the features and the probabilities of both sides come
from the networks of the training domain. A baseline is a function of two pieces of evidence, (train, test), and
says what it needs of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.imaging.distribution import ImagingDistribution, mean_value
from passband.shift.baselines import (
    LogPowerSpectrum,
    abs_delta,
    abs_delta_abs,
    log_power_spectrum,
    power_spectrum_distance,
)
from passband.shift.confidence import (
    difference_of_confidences,
    label_agreement,
    labelled_fraction_gained,
    soft_dice_confidence,
)
from passband.shift.features import (
    frechet_distance,
    kernel_alignment,
    maximum_mean_discrepancy,
    sliced_wasserstein,
    subspace_distance,
)
from passband.shift.pictures import mean_ring_correlation, ring_correlation

V = TypeVar("V")
Floats = NDArray[np.float64]
Pictures = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a domain; what is not there is None.

    imaging: its distribution; parameters: (n_parameters,) its settings, in standard deviations over the domains;
    images: (n, ny, nx), standardised, of the same structures in every domain, with pixels of sampling_A; features:
    (n, n_features) and probabilities: (n, ny, nx) of one network of the training domain; paired_features: features
    whose rows are of the same structures on both sides; other_probabilities: probabilities of another one.
    """

    imaging: ImagingDistribution
    parameters: Floats | None = None
    images: Pictures | None = None
    sampling_A: float = 0.4
    q_max_per_A: float = 1.25
    features: Floats | None = None
    paired_features: Floats | None = None
    probabilities: Pictures | None = None
    other_probabilities: Pictures | None = None

    @property
    def defocus_nm(self) -> float:
        """Mean defocus [nm], positive is underfocus."""
        return mean_value(self.imaging.defocus_nm)

    @property
    def q_end_per_A(self) -> float:
        """End of the band that the pixels carry [1/Å]."""
        return min(self.q_max_per_A, 0.5 / self.sampling_A)

    @cached_property
    def log_power(self) -> LogPowerSpectrum:
        """Mean log power of the images."""
        return log_power_spectrum(known(self.images), self.sampling_A, self.q_end_per_A)


@dataclass(frozen=True)
class Baseline:
    """A plain measure of (train, test).

    needs: fields of Evidence beside imaging; larger: +1 where more of it should be better, -1 where worse.
    """

    needs: tuple[str, ...]
    larger: int
    value: Callable[[Evidence, Evidence], float]


def known(value: V | None) -> V:
    """A piece of evidence. Raises ValueError where it is not there."""
    if value is None:
        raise ValueError("this baseline needs evidence that is not there")
    return value


def baseline_table(
    evidence: Callable[[str, str], tuple[Evidence, Evidence]],
    pairs: Sequence[tuple[str, str]],
    names: Sequence[str],
) -> pd.DataFrame:
    """Baselines of pairs (train, test): a row per pair, train_id, test_id and names.

    evidence: both sides of a pair, of which only one pair is held at a time. Raises KeyError for an unknown name.
    """
    rows = []
    for train, test in pairs:
        sides = evidence(train, test)
        row = {name: BASELINES[name].value(*sides) for name in names}
        rows.append({"train_id": train, "test_id": test} | row)
    return pd.DataFrame(rows, columns=["train_id", "test_id", *names])


def _ring_correlation(train: Evidence, test: Evidence) -> float:
    found = ring_correlation(known(train.images), known(test.images), test.sampling_A, test.q_end_per_A)
    return mean_ring_correlation(found)


def _of_features(distance: Callable[[Floats, Floats], float]) -> Baseline:
    return Baseline(("features",), -1, lambda a, b: distance(known(a.features), known(b.features)))


BASELINES: Final[Mapping[str, Baseline]] = MappingProxyType(
    {
        "abs_delta_defocus_nm": Baseline((), -1, lambda a, b: abs_delta(a.defocus_nm, b.defocus_nm)),
        "abs_delta_abs_defocus_nm": Baseline((), -1, lambda a, b: abs_delta_abs(a.defocus_nm, b.defocus_nm)),
        "parameter_distance": Baseline(
            ("parameters",),
            -1,
            lambda a, b: float(np.linalg.norm(known(a.parameters) - known(b.parameters))),
        ),
        "power_spectrum_distance": Baseline(
            ("images",), -1, lambda a, b: power_spectrum_distance(a.log_power, b.log_power)
        ),
        "ring_correlation": Baseline(("images",), 1, _ring_correlation),
        "frechet_distance": _of_features(frechet_distance),
        "maximum_mean_discrepancy": _of_features(maximum_mean_discrepancy),
        "sliced_wasserstein": _of_features(sliced_wasserstein),
        "subspace_distance": _of_features(subspace_distance),
        "kernel_alignment": Baseline(
            ("paired_features",),
            1,
            lambda a, b: kernel_alignment(known(a.paired_features), known(b.paired_features)),
        ),
        "soft_dice_confidence": Baseline(
            ("probabilities",), 1, lambda a, b: soft_dice_confidence(known(b.probabilities))
        ),
        "difference_of_confidences": Baseline(
            ("probabilities",),
            -1,
            lambda a, b: difference_of_confidences(known(a.probabilities), known(b.probabilities)),
        ),
        "labelled_fraction_gained": Baseline(
            ("probabilities",),
            0,
            lambda a, b: labelled_fraction_gained(known(a.probabilities), known(b.probabilities)),
        ),
        "network_agreement": Baseline(
            ("probabilities", "other_probabilities"),
            1,
            lambda a, b: label_agreement(known(b.probabilities), known(b.other_probabilities)),
        ),
    }
)
"""All baselines by the name of their column."""
