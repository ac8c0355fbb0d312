"""Prediction of what was left out: test conditions, training conditions, or both ("a new microscope").

Conditions, not pairs, are divided into folds, since pairs of one condition tell of each other. In the scheme
"both" a pair is predicted by a model that saw neither of its domains in any role: a test domain that is a
training domain too is left out as both. A domain's pair with itself is never predicted (it is known), but
used for fitting.

Which conditions share a fold is chance, and so is what a model of the others makes of them: in five folds of 24
training domains the error goes up and down by a tenth with the draw, of 18 domains by a fifth. So there are as many
folds as the time allows, down to one condition each (docs/decisions/0033).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import isqrt
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.errors import UserError
from passband.seeds import random_stream
from passband.shift.crossed import Same, same_domain
from passband.shift.predictors import Predictor

Floats = NDArray[np.float64]
Role = Literal["test", "train"]
Scheme = Literal["test", "train", "both"]

FEWEST_FOLDS: Final = 5
"""Folds per role of the largest tables."""
PAIRS_FITTED: Final = 200_000
"""Pairs of all fits together, from which the number of folds of smaller tables follows."""


@dataclass(frozen=True)
class Fold:
    """Pairs to fit on and pairs to predict, (n_pairs,) of booleans each, disjoint."""

    fit: NDArray[np.bool_]
    held: NDArray[np.bool_]


def enough_folds(n_pairs: int) -> int:
    """Folds per role that a table of pairs can afford: 5 for 8,000 pairs and more, 10 for 2,000, 21 for 21 x 21."""
    return max(FEWEST_FOLDS, isqrt(PAIRS_FITTED // max(1, n_pairs)))


def folds(pairs: pd.DataFrame, scheme: Scheme, n_folds: int, seed: int) -> list[Fold]:
    """Divide the conditions of a pair table at random; at most as many folds as there are conditions. What is held out
    of the same pairs, such as (a, b) and (b, a), is one fold.

    Raises UserError where a role that is left out has fewer than three conditions, or nothing is left to fit on.
    """
    train, test = (pairs[key].to_numpy(str) for key in ("train_id", "test_id"))
    away = train != test
    divided: dict[bytes, Fold] = {}
    for fit, held in _divided(train, test, scheme, n_folds, seed):
        if (held & away).any():
            before = divided.get(fit.tobytes())
            divided[fit.tobytes()] = Fold(fit, held & away | (before.held if before else False))
    found = list(divided.values())
    if not all(fold.fit.any() for fold in found):
        raise UserError(
            "pairs: nothing is left to fit on when conditions are left out; add training or test domains"
        )
    return found


def predictions(
    pairs: pd.DataFrame,
    predictor: Predictor,
    parts: list[Fold],
    threads: int = 1,
    heard: Callable[[], None] = lambda: None,
) -> Floats:
    """Predicted Dice (n_pairs,) of every pair by the model that was fitted without it; NaN where never held out.

    threads: folds that are fitted at once; the outcome does not depend on it. heard: called after each of them.
    """
    features, dice = predictor.features(pairs), pairs["dice_mean"].to_numpy(np.float64)
    predicted = np.full(len(pairs), np.nan)

    def held_out(part: Fold) -> Floats:
        return predictor.fitted(features[part.fit], dice[part.fit])(features[part.held])

    with ThreadPoolExecutor(threads) as pool:
        for part, values in zip(parts, pool.map(held_out, parts), strict=True):
            predicted[part.held] = values
            heard()
    return predicted


def fold_of(pairs: pd.DataFrame, role: Role, n_folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of every condition of a role, in sorted order of ids, as `folds` divides them."""
    names = np.unique(pairs[f"{role}_id"].to_numpy(str))
    groups = _groups(names, role, n_folds, seed)
    return np.array([next(k for k, group in enumerate(groups) if name in group) for name in names])


def as_matrix(pairs: pd.DataFrame, values: Floats) -> Floats:
    """Values of pairs as (n_training, n_test) in sorted order of ids; NaN for pairs that are not in the table."""
    train, train_ids = pd.factorize(pairs["train_id"], sort=True)
    test, test_ids = pd.factorize(pairs["test_id"], sort=True)
    matrix = np.full((len(train_ids), len(test_ids)), np.nan)
    matrix[train, test] = values
    return matrix


def in_both_roles(pairs: pd.DataFrame) -> Same:
    """Where row and column of a matrix of these pairs (`as_matrix`) are one domain."""
    return same_domain(*(np.unique(pairs[key].to_numpy(str)) for key in ("train_id", "test_id")))


def _divided(
    train: NDArray[np.str_], test: NDArray[np.str_], scheme: Scheme, n_folds: int, seed: int
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """(fit, held) of every fold."""
    if scheme in ("test", "train"):
        ids = test if scheme == "test" else train
        for group in _groups(ids, scheme, n_folds, seed):
            held = np.isin(ids, group)
            yield ~held, held
        return
    tests = _groups(test, "test", n_folds, seed)
    for rows in _groups(train, "train", n_folds, seed):
        for columns in tests:
            gone = [*rows, *columns]
            yield ~np.isin(train, gone) & ~np.isin(test, gone), np.isin(train, rows) & np.isin(test, columns)


def _groups(ids: NDArray[np.str_], role: str, n_folds: int, seed: int) -> list[NDArray[np.str_]]:
    names = np.unique(ids)
    if len(names) < 3:
        raise UserError(f"pairs: {len(names)} {role} conditions; leaving conditions out needs 3 or more")
    order = random_stream(seed, "folds", role).permutation(names)
    return np.array_split(order, min(n_folds, len(names)))
