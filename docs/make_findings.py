"""Every figure of docs/findings.md, from the tables under results/: ``python docs/make_findings.py``, some minutes.

First what `passband analyse` prints: the judgement, and what is foretold within each study. Then how networks that lose
much fail, losses by fifths of the discriminant's loss, rank correlations of measures with the
loss within a training domain and over all pairs, with 90 % intervals, and of a training domain's mean Dice elsewhere
with what it is by itself.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from passband.cli.analyse import analyse
from passband.shift.crossed import crossed_mean, trimmed
from passband.shift.leave_out import as_matrix
from passband.shift.rank import correlation_interval, correlation_values
from passband.study.results import open_results

RESULTS = Path(__file__).parents[1] / "results"
ANALYSES = (
    ("imaging-judge", "imaging-wide"),
    ("imaging-judge", None),
    ("imaging", None),
    ("structure", None),
)
"""What is analysed, and on what models are fitted: None is the study itself."""
STUDIES = ("imaging", "imaging-judge", "structure")
MEASURES = (
    "sigma_radial",
    "sigma_specimen",
    "background_novelty",
    "relative_novelty",
    "discriminant_dice",
    "band_classifier_dice",
    "bits_gained",
    "parameter_distance",
    "abs_delta_defocus_nm",
)


def pairs(study: str) -> pd.DataFrame:
    """Every pair of different domains: mean Dice over networks, the Dice at home, the loss, all that is known."""
    results = open_results(RESULTS / study)
    table = results.pairs(results.study.all_series()[0])
    table = table.assign(loss=table["home_dice"] - table["dice_mean"])
    return table[table["train_id"] != table["test_id"]].reset_index(drop=True)


def failures(table: pd.DataFrame) -> str:
    """Of the pairs that lose more than .2 of Dice, how many label far more, or far less, than at home."""
    lost = table[table["loss"] > 0.2]
    times = np.exp(lost["labelled_fraction_gained"])
    more, less = (times > 1.3).mean(), (times < 0.8).mean()
    return f"{len(lost)} lose more than .2: {more:.0%} label > 1.3 times as much, {less:.0%} < .8"


def ranks(table: pd.DataFrame, name: str) -> str:
    """Spearman's correlation of a measure with the loss, within a training domain and over all pairs."""
    if table[name].nunique() == 1:
        return "the same for all pairs"
    drops, measure = (as_matrix(table, table[column].to_numpy(np.float64)) for column in ("loss", name))
    values = correlation_values(drops, measure)
    told = []
    for scope, words in (("within_training", "within a training domain"), ("overall", "over all pairs")):
        every = trimmed(values[scope, "spearman"])
        if not np.isfinite(every).any():
            continue
        mean = crossed_mean(every, 1000, 0)
        low, high = correlation_interval(mean, 0.9)
        told.append(f"{mean.value:+.2f} ({low:+.2f} to {high:+.2f}) {words}")
    return ", ".join(told)


def main() -> None:
    """Print them all."""
    for judged, taught in ANALYSES:
        print(f"\n$ passband analyse results/{judged}" + (f" --fitted-on results/{taught}" if taught else ""))
        analyse(RESULTS / judged, False, None if taught is None else RESULTS / taught)
    for study in STUDIES:
        table = pairs(study)
        order = table["discriminant_loss"].rank(method="first")
        fifths = table.groupby(pd.qcut(order, 5, labels=range(1, 6)), observed=True)["loss"]
        print(
            f"\n{study}: {(table['loss'] < 0).mean():.1%} of the pairs are better than at home; losses by fifths:"
        )
        print(fifths.quantile([0.25, 0.5, 0.75]).unstack().round(3).to_string())
        print(f"  {failures(table)}")
        for name in MEASURES:
            print(f"  {name:22} {ranks(table, name)}")
        columns = ["dice_mean", "breadth_train", "distinctness_train", "home_dice"]
        own = table.groupby("train_id")[columns].mean().corr(method="spearman")["dice_mean"].drop("dice_mean")
        print("  mean Dice elsewhere, by training domain:", own.round(2).to_dict())


if __name__ == "__main__":
    main()
