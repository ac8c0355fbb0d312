"""Tables of pairs as models want them: with the settings of both domains, of one study or of several that teach."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from passband.shift.evidence import BASELINES
from passband.shift.pair_table import KEYS
from passband.shift.parameters import pair_parameters
from passband.shift.standard import BAND_CLASSIFIER, setting_columns
from passband.study.measures import domain_settings, plain_distances
from passband.study.results import Results
from passband.study.study import Study

OPTIONAL: Final[tuple[str, ...]] = (*BASELINES, *BAND_CLASSIFIER)
"""Columns that models can do without."""


@dataclass(frozen=True, eq=False)
class Taught:
    """What models are fitted on: pairs of other studies in one table with the settings of both domains as columns, and
    the settings that vary over all their domains (n_domains, n_settings)."""

    pairs: pd.DataFrame
    settings: pd.DataFrame


def taught_by(studies: Sequence[Results]) -> Taught:
    """The own series of every study. What one of them knows of no pair is left out; where they are several, their
    domains are told apart by the name of the study."""
    tables = [(each.study, each.own_pairs) for each in studies]
    every = [_settings(*each) for each in tables]
    varying = _varying(pd.concat(every))
    found = [_set(*each, own, varying) for each, own in zip(tables, every, strict=True)]
    found = [each.drop(columns=unknown(found), errors="ignore") for each in found]
    if len(studies) > 1:
        for (study, _), pairs in zip(tables, found, strict=True):
            pairs[KEYS] = study.name + ": " + pairs[KEYS]
    return Taught(pd.concat(found, ignore_index=True), varying)


def with_settings(study: Study, pairs: pd.DataFrame, settings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Pairs of a study with the settings of both domains in their columns, without what is known of no pair.

    settings: of the domains that models are fitted on, if these are of other studies: those alone that vary there are
    taken, and distances count in standard deviations of these.
    """
    own = _settings(study, pairs)
    found = _set(study, pairs, own, _varying(own) if settings is None else settings)
    return found.drop(columns=unknown([found]), errors="ignore")


def _varying(settings: pd.DataFrame) -> pd.DataFrame:
    return settings.loc[:, settings.nunique() > 1]


def unknown(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Baselines and textures of which one of the tables knows nothing: nothing is learned, or told, from them."""
    return [name for name in OPTIONAL if not all(is_known(each, name) for each in tables)]


def is_known(table: pd.DataFrame, column: str) -> bool:
    """Whether a column is there and says something of a pair."""
    return column in table and bool(table[column].notna().any())


def _settings(study: Study, pairs: pd.DataFrame) -> pd.DataFrame:
    return domain_settings(study, sorted({*pairs["train_id"], *pairs["test_id"]}), all_settings=True)


def _set(study: Study, pairs: pd.DataFrame, every: pd.DataFrame, scale: pd.DataFrame) -> pd.DataFrame:
    """Pairs with the settings of their domains that are in a scale, and the distances that follow from them, in place
    of those that they came with. every: all settings of the domains; scale: of those that count."""
    settings = every[scale.columns]
    keys = list(pairs[KEYS].itertuples(index=False, name=None))
    distances = plain_distances(study, keys, (settings - scale.mean()) / scale.std(ddof=0))
    before = [*setting_columns(pairs), *(name for name in distances if name not in KEYS)]
    bare = pairs.drop(columns=before, errors="ignore")
    return bare.merge(distances, on=KEYS).merge(pair_parameters(settings, keys), on=KEYS)
