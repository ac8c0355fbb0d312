"""What the measures of a shift are called, and where their rank correlations stand in the table."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from passband.report.wording import interval, number, typographic


@dataclass(frozen=True)
class Measure:
    """A column of the table of information.

    words: its name in tables; symbol: the same with its unit, for axes.
    is_overlap: large where little should be lost; otherwise it is a distance, large where much should.
    """

    column: str
    words: str
    symbol: str
    is_overlap: bool


MEASURES: Final = (
    Measure("sigma", "overlap σ", "overlap σ", True),
    Measure("sigma_signed", "signed overlap σ±", "signed overlap σ±", True),
    Measure("coverage", "directed coverage", "coverage of test by training", True),
    Measure("abs_delta_defocus_nm", "|Δdefocus|", "|Δdefocus| [nm]", False),
    Measure("abs_delta_abs_defocus_nm", "||defocus| − |defocus′||", "||defocus| − |defocus′|| [nm]", False),
    Measure("power_spectrum_distance", "power-spectrum distance", "power-spectrum distance [decades]", False),
)


def shown_measures(information: pd.DataFrame) -> list[Measure]:
    """The measures and baselines that are there and differ between the pairs."""
    return [
        each for each in MEASURES if each.column in information and information[each.column].nunique() > 1
    ]


def measure_words(column: str) -> str:
    """A measure's name in words; an unknown one keeps the name of its column."""
    words = (each.words for each in MEASURES if each.column == column)
    return next(words, typographic(column.replace("_", " ")))


def is_overlap(column: str) -> bool:
    """Whether a measure is large where little should be lost; False for an unknown one."""
    return any(each.is_overlap for each in MEASURES if each.column == column)


def overall_spearman(correlations: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table that hold Spearman's ρ over all pairs, where it is known."""
    chosen = (correlations["scope"] == "overall") & (correlations["statistic"] == "spearman")
    return correlations[chosen].dropna(subset=["value"])


def told_coefficient(
    correlations: pd.DataFrame, measure: str, metric: str, scope: str, statistic: str
) -> tuple[str, str]:
    """A coefficient and its interval in words; both empty where it is not known.

    correlations: as in ``ReportData``; scope: "overall" or "within_training"; statistic: "spearman" or "kendall".
    """
    chosen = (correlations["measure"] == measure) & (correlations["metric"] == metric)
    chosen &= (correlations["scope"] == scope) & (correlations["statistic"] == statistic)
    rows = correlations.loc[chosen, ["value", "low", "high"]].to_numpy(dtype=float)
    if not len(rows) or not np.isfinite(rows[0, 0]):
        return "", ""
    value, low, high = rows[0]
    return number(value), interval(low, high)
