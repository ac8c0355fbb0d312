"""The settings of both domains as plain numbers: what a predictor without physics is given.

Of every setting of the microscope that differs among the domains, the mean and the standard deviation, in the unit of
its key; the dose by its logarithm, because that is how it is chosen. Pixels and structures are told by whoever knows.
"""

from collections.abc import Mapping, Sequence
from math import isinf, log10
from typing import Final

import pandas as pd

from passband.imaging.distribution import ImagingDistribution, mean_value, standard_deviation

WITHOUT_NOISE: Final = 5.0
"""What stands for the logarithm of an infinite dose: 10⁵ e/Å² is a noise of 1 % in a pixel of .3 Å."""


def parameter_table(
    domains: Mapping[str, ImagingDistribution],
    further: Mapping[str, Mapping[str, float]] | None = None,
    constant: bool = False,
) -> pd.DataFrame:
    """A row per domain, indexed by its name: the settings that are not the same in all of them.

    The dose stands as log10_dose, an infinite one as WITHOUT_NOISE. further: by domain, what else is
    set, such as pixels and particles. constant: whether settings that are the same in all domains stand there too.
    """
    table = pd.DataFrame({name: _numbers(each) for name, each in domains.items()}).T
    if further is not None:
        table = table.join(pd.DataFrame(further).T)
    return table if constant else table.loc[:, table.nunique() > 1]


def pair_parameters(table: pd.DataFrame, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Parameters of both domains of pairs (train, test), with train_id and test_id: columns train_…, test_…."""
    train, test = ([pair[k] for pair in pairs] for k in (0, 1))
    sides = [
        table.loc[names].add_prefix(f"{role}_").reset_index(drop=True)
        for role, names in (("train", train), ("test", test))
    ]
    return pd.concat([pd.DataFrame({"train_id": train, "test_id": test}), *sides], axis=1)


def standardised(table: pd.DataFrame) -> pd.DataFrame:
    """Every parameter in standard deviations over the domains; the distance of two rows is the parameter distance."""
    return (table - table.mean()) / table.std(ddof=0)


def _numbers(imaging: ImagingDistribution) -> dict[str, float]:
    values = imaging.parameters()
    dose = mean_value(values.pop("dose_e_per_A2"))
    numbers = {name: mean_value(value) for name, value in values.items()}
    spreads = {f"{name}_std": standard_deviation(value) for name, value in values.items()}
    return numbers | spreads | {"log10_dose": WITHOUT_NOISE if isinf(dose) else log10(dose)}
