"""Where a domain stands on the axis of a figure.

If the domains differ in exactly one setting, that setting is the axis and shifts are differences along it
(ratios for the dose, which acts by its logarithm). If they differ in several, or in the structures, no single
number tells them apart: then they stand side by side in the order of the study, and a shift has no size. Names
that are too long for a figure are replaced by numbers, #1, #2 …, for which the page has a key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from passband.report.wording import plain, typographic

LONGEST_NAME: Final = 16
"""Characters of a name that a figure has room for."""


@dataclass(frozen=True)
class Setting:
    """A column of the table of domains that can be an axis.

    column: its name in the table; words, short: its name in sentences and in titles; unit: as printed.
    is_ratio: whether shifts are ratios instead of differences.
    """

    column: str
    words: str
    short: str
    unit: str
    is_ratio: bool = False


SETTINGS: Final = (
    Setting("defocus_nm", "mean defocus", "defocus", "nm"),
    Setting("Cs_mm", "Cs", "Cs", "mm"),
    Setting("focal_spread_nm", "focal spread", "focal spread", "nm"),
    Setting("convergence_mrad", "convergence angle", "convergence", "mrad"),
    Setting("dose_e_per_A2", "dose", "dose", "e/Å²", is_ratio=True),
)
"""The settings with names of their own; any other numeric column is called by its name."""


@dataclass(frozen=True)
class DomainAxis:
    """The domains in order, with their places: values of the one setting that varies, else 0, 1, 2 …"""

    places: Mapping[str, float]
    setting: Setting | None

    @property
    def order(self) -> tuple[str, ...]:
        """All domains, from the lowest place to the highest."""
        return tuple(sorted(self.places, key=lambda name: self.places[name]))

    @property
    def label(self) -> str:
        """What the axis shows, with its unit."""
        return f"{self.setting.words} [{self.setting.unit}]" if self.setting else "domain"

    @property
    def shift_label(self) -> str:
        """What a shift along the axis is, with its unit."""
        if self.setting is None:
            return "test domain"
        if self.setting.is_ratio:
            return f"{self.setting.words}, test / training"
        return f"{self.setting.words}, test − training [{self.setting.unit}]"

    def ordered(self, names: Iterable[str]) -> list[str]:
        """The given domains, each once, in the order of the axis; unknown ones come last."""
        wanted = set(names)
        known = [name for name in self.order if name in wanted]
        return known + sorted(wanted - set(known))

    def shift(self, train_id: str, test_id: str) -> float:
        """Difference (or ratio) of the two places; NaN where the axis has no numbers."""
        if self.setting is None or not {train_id, test_id} <= set(self.places):
            return nan
        there, here = self.places[test_id], self.places[train_id]
        return there / here if self.setting.is_ratio else there - here

    def distance(self, train_id: str, test_id: str) -> float:
        """Size of the shift, whatever its direction (a ratio is turned to be ≥ 1); NaN without numbers."""
        shift = self.shift(train_id, test_id)
        if self.setting is not None and self.setting.is_ratio:
            return max(shift, 1 / shift)
        return abs(shift)

    @property
    def is_keyed(self) -> bool:
        """Whether numbers stand for names in the figures."""
        return self.setting is None and any(len(name) > LONGEST_NAME for name in self.places)

    def tick(self, domain_id: str) -> str:
        """A short label: the value where there is one, else the name or the number that stands for it."""
        if domain_id not in self.places or (self.setting is None and not self.is_keyed):
            return typographic(domain_id)
        place = self.places[domain_id]
        return f"#{place + 1:.0f}" if self.is_keyed else plain(place)

    def valued(self, domain_id: str) -> str:
        """The tick with its unit, such as −10 nm."""
        tick = self.tick(domain_id)
        return tick if self.setting is None or domain_id not in self.places else f"{tick} {self.setting.unit}"

    def trained(self, domain_id: str) -> str:
        """A network in words, such as trained at −10 nm."""
        return f"trained {'on' if self.setting is None else 'at'} {self.valued(domain_id)}"

    def title(self, domain_id: str) -> str:
        """The domain over a column of pictures, such as defocus −10 nm."""
        valued = self.valued(domain_id)
        return (
            valued
            if self.setting is None or domain_id not in self.places
            else f"{self.setting.short} {valued}"
        )

    def in_words(self, distance: float) -> str:
        """A distance with its unit, such as 5 nm, or 2.5× for ratios; empty without numbers."""
        if self.setting is None:
            return ""
        return f"{plain(distance)}×" if self.setting.is_ratio else f"{plain(distance)} {self.setting.unit}"


def domain_axis(domains: pd.DataFrame) -> DomainAxis:
    """The axis on which the domains of a study are told apart."""
    names = [str(name) for name in domains["domain_id"]]
    varying = [setting for setting in _settings(domains) if domains[setting.column].nunique(dropna=False) > 1]
    if len(varying) == 1 and domains["structures"].nunique() <= 1:
        values = domains[varying[0].column].to_numpy(dtype=float)
        positive = not varying[0].is_ratio or bool((values > 0).all())
        if np.isfinite(values).all() and len(set(values)) == len(values) and positive:
            return DomainAxis(dict(zip(names, values.tolist(), strict=True)), varying[0])
    return DomainAxis({name: float(i) for i, name in enumerate(names)}, None)


def _settings(domains: pd.DataFrame) -> list[Setting]:
    """A setting for every numeric column."""
    known = {setting.column: setting for setting in SETTINGS}
    numeric = [
        name for name in domains if is_numeric_dtype(domains[name]) and not is_bool_dtype(domains[name])
    ]
    return [known.get(str(name)) or _unnamed_setting(str(name)) for name in numeric]


def _unnamed_setting(column: str) -> Setting:
    name, _, unit = column.rpartition("_")
    return Setting(column, name or column, name or column, unit if name else "")
