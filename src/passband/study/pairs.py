"""The table of measures of every pair of training and test domain: ours, beside plain baselines."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.imaging.distribution import mean_value
from passband.information.band import Band
from passband.information.pairs import pairs_information
from passband.information.weights import Weight
from passband.shift.baselines import abs_delta, abs_delta_abs, log_power_spectrum, power_spectrum_distance
from passband.study.study import Study

Pictures = Callable[[str], NDArray[np.floating]]
"""The test images (n, ny, nx) of a domain, as the networks see them."""


def pair_table(study: Study, weight: Weight, pictures: Pictures) -> pd.DataFrame:
    """One row per (train_id, test_id) of a series, with the columns of the table ``information``.

    sigma, sigma_signed, coverage (of the test domain by the training domain), epsilon_train, epsilon_test, their error;
    abs_delta_defocus_nm, abs_delta_abs_defocus_nm of the mean defoci; power_spectrum_distance of the test images
    [decades], up to what their pixels carry.
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
    sampling_A = study.network.input_sampling_A
    q_end_per_A = min(study.measures.q_max_per_A, 0.5 / sampling_A)
    spectra = {name: log_power_spectrum(pictures(name), sampling_A, q_end_per_A) for name in names}
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
