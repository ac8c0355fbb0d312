"""The table of measures of every pair of training and test domain: ours, beside plain baselines."""

from collections.abc import Callable, Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.imaging.distribution import mean_value
from passband.information.band import Band
from passband.information.pairs import pairs_information
from passband.information.weights import Weight
from passband.shift.baselines import abs_delta, abs_delta_abs, log_power_spectrum, power_spectrum_distance
from passband.study.pixels import images_grid
from passband.study.study import Study

Pictures = Callable[[str], NDArray[np.floating]]
"""The test images (n, ny, nx) of a domain, as the networks see them."""


def pair_table(study: Study, weight: Weight, pictures: Pictures) -> pd.DataFrame:
    """One row per (train_id, test_id) of a series, with the columns of the table ``information``.

    sigma, sigma_signed, coverage (of the test domain by the training domain), epsilon_train, epsilon_test, their error;
    abs_delta_defocus_nm, abs_delta_abs_defocus_nm of the mean defoci; power_spectrum_distance of the test images
    [decades], up to what the largest pixels of all domains carry.
    """
    pairs = study.pairs
    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    place = {name: index for index, name in enumerate(names)}
    measures = pairs_information(
        [study.domains[name].imaging for name in names],
        [(place[train], place[test]) for train, test in pairs],
        Band(q_max_per_A=study.measures.q_max_per_A),
        weight,
    )
    pixels_A = {name: images_grid(study, name).sampling_A for name in names}
    q_end_per_A = min(study.measures.q_max_per_A, _highest_common_per_A(pixels_A.values()))
    spectra = {name: log_power_spectrum(pictures(name), pixels_A[name], q_end_per_A) for name in names}
    defocus_nm = {name: mean_value(study.domains[name].imaging.defocus_nm) for name in names}
    rows = [
        {
            "train_id": train,
            "test_id": test,
            "epsilon_train": each.epsilon_a,
            "epsilon_test": each.epsilon_b,
            "sigma": each.sigma,
            "sigma_signed": each.sigma_signed,
            "coverage": each.coverage_of_b_by_a,
            "weight": each.weight,
            "q_max_per_A": each.q_max_per_A,
            "error": each.error,
            "abs_delta_defocus_nm": abs_delta(defocus_nm[train], defocus_nm[test]),
            "abs_delta_abs_defocus_nm": abs_delta_abs(defocus_nm[train], defocus_nm[test]),
            "power_spectrum_distance": power_spectrum_distance(spectra[train], spectra[test]),
        }
        for (train, test), each in zip(pairs, measures, strict=True)
    ]
    return pd.DataFrame(rows)


def _highest_common_per_A(pixels_A: Collection[float]) -> float:
    """The highest frequency that all pixels carry; a trifle below it where they differ, so that all have one set of
    rings: the Nyquist lines of one grid are ordinary lines of another."""
    nyquist_per_A = 0.5 / max(pixels_A)
    return nyquist_per_A if min(pixels_A) == max(pixels_A) else (1 - 1e-9) * nyquist_per_A
