"""One table for prediction: a row per pair of training and test domain, with the Dice that its networks reached.

Columns: train_id, test_id; dice_mean, dice_sd (over networks, NaN for one; each network's value is its mean over
structures), n_networks; home_dice, the mean of the same networks in their own domain, which who trains a
network knows; then the measures, by name. Where one of several networks was shown images of the test domain, its own
Dice, there and at home, stands in the columns `ASKED`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from passband.errors import UserError

KEYS = ["train_id", "test_id"]
ASKED: Final[Mapping[str, str]] = MappingProxyType(
    {"dice_mean": "asked_dice", "home_dice": "asked_home_dice"}
)
"""Columns of the network that was shown images, by what they are of all networks of a domain."""


def pair_scores(means: pd.DataFrame) -> pd.DataFrame:
    """Dice of every pair, sorted by train_id, test_id, from each network's Dice in each test domain.

    means: network_id, train_id, test_id, value, as `matrix.network_means` gives them for "dice". Raises UserError for a
    training domain that was never tested at home.
    """
    groups = means.groupby(KEYS)["value"]
    table = pd.DataFrame(
        {"dice_mean": groups.mean(), "dice_sd": groups.std(), "n_networks": groups.size()}
    ).reset_index()
    home = table[table["train_id"] == table["test_id"]].set_index("train_id")["dice_mean"]
    table["home_dice"] = table["train_id"].map(home)
    if table["home_dice"].isna().any():
        lost = table.loc[table["home_dice"].isna(), "train_id"].iloc[0]
        raise UserError(
            f"scores: networks trained on '{lost}' were never tested there; add that domain to the tests"
        )
    return table


def pair_table(means: pd.DataFrame, *measures: pd.DataFrame) -> pd.DataFrame:
    """`pair_scores` beside tables of measures, each with one row per (train_id, test_id).

    Raises UserError where a table lacks a pair, holds one twice, or repeats a column of another.
    """
    table = pair_scores(means)
    for each in measures:
        twice = each.duplicated(KEYS)
        if twice.any():
            raise UserError(f"measures: the pair {tuple(each.loc[twice, KEYS].iloc[0])} stands there twice")
        repeated = sorted((set(each.columns) & set(table.columns)) - set(KEYS))
        if repeated:
            raise UserError(f"measures: the column '{repeated[0]}' is there already; rename one of them")
        merged = table.merge(each, on=KEYS, how="left", indicator=True)
        lost = merged["_merge"] != "both"
        if lost.any():
            raise UserError(
                f"measures: the pair {tuple(merged.loc[lost, KEYS].iloc[0])} has scores but no measures"
            )
        table = merged.drop(columns="_merge")
    return table


def of_network_asked(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs with the Dice of the network that was shown images in place of the mean over networks; the very same table
    where every domain has one network, or nothing was asked."""
    if not set(ASKED.values()) <= set(pairs) or (pairs["n_networks"] == 1).all():
        return pairs
    return pairs.assign(**{name: pairs[own] for name, own in ASKED.items()}, n_networks=1)
