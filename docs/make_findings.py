"""Every figure of docs/findings.md, from the tables under results/: ``python docs/make_findings.py``.

That takes half an hour or so on two cores.

First what `passband analyse` prints: the judgements, and what is foretold within each study. Then how networks that
lose much fail, losses by fifths of the discriminant's loss, rank correlations of measures with the loss within a
training domain and over all pairs, with 90 % intervals, and of a training domain's mean Dice elsewhere with what it is
by itself. Last the reference study: every series of it, losses by the shift in defocus, what to train on
(docs/images/reference.png too), and what starts, rates and sizes of a network make of it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from passband.cli.analyse import analyse
from passband.report.look import COLOURS, MARKERS, WIDTH_IN, in_style, new_figure, rendered
from passband.report.wording import typographic
from passband.shift.crossed import crossed_mean
from passband.shift.leave_out import as_matrix, in_both_roles
from passband.shift.rank import correlation_interval, correlation_values
from passband.study.plan import network_plans
from passband.study.results import Results, open_results

RESULTS = Path(__file__).parents[1] / "results"
IMAGING_TEACHING = ("imaging-wide", "imaging-draws")
PARTICLES_TEACHING = ("imaging-wide", "particles-wide")
ANALYSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("imaging-review", IMAGING_TEACHING),
    ("imaging-appeal", IMAGING_TEACHING),
    ("imaging-retrial", IMAGING_TEACHING),
    ("imaging-judge", IMAGING_TEACHING),
    ("particles-judge", PARTICLES_TEACHING),
    ("particles-judge", (*IMAGING_TEACHING, "particles-wide")),
    ("imaging-judge", ()),
    ("imaging", ()),
    ("structure", ()),
    ("thickness", ()),
    ("paper-scale", ()),
    ("paper-scale", IMAGING_TEACHING),
    ("paper-scale", PARTICLES_TEACHING),
)
"""What is analysed, and on what models are fitted: nothing is the study itself."""
STUDIES = ("imaging", "imaging-judge", "structure", "thickness")
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


DEFOCI = tuple(f"{nm:+d} nm" if nm else "0 nm" for nm in range(-25, 30, 5))
"""The test domains that the series over defocus have in common."""
TRAINED_ON = {
    "main": "one defocus, ± 1.5 nm",
    "mixtures": "two defoci",
    "breadth": "one defocus, ± 3 to 10 nm",
}
"""Series with the same number of training images, tested on these."""
SHOWN = {"-10 nm": (-28, 5), "0 nm": (-20, 5), "+20 nm": (-34, 9), "-10 ± 10 nm": (4, 10)}
"""Training domains that the picture names, and where, in points from the mark."""
SIZES = {"defocus-narrow": "half as wide", "main": "compact", "defocus-wide": "half again as wide"}


def pairs(results: Results, series: str | None = None) -> pd.DataFrame:
    """Every pair of different domains: mean Dice over networks, the Dice at home, the loss, all that is known."""
    every = {each.name: each for each in results.study.all_series()}
    table = results.pairs(every[series] if series else next(iter(every.values())))
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
        if not np.isfinite(values[scope, "spearman"]).any():
            continue
        mean = crossed_mean(values[scope, "spearman"], 1000, 0, in_both_roles(table))
        low, high = correlation_interval(mean, 0.9)
        told.append(f"{mean.value:+.2f} ({low:+.2f} to {high:+.2f}) {words}")
    return ", ".join(told)


def there(results: Results) -> tuple[str, ...]:
    """The series of which networks are there."""
    found = set(results.dice["network_id"].map(results.series))
    return tuple(each.name for each in results.study.all_series() if each.name in found)


def told_series(results: Results) -> None:
    """Of every series: its networks, Dice at home, losses elsewhere, and the ranks of measures."""
    for series in there(results):
        means, table = results.means(series), pairs(results, series)
        home = means.loc[means["train_id"] == means["test_id"], "value"]
        losses = table["loss"].quantile([0.25, 0.5, 0.75, 1]).round(3).to_list()
        print(f"\n{series}: {means['network_id'].nunique():,} networks, {len(table):,} pairs away from home")
        print(f"  Dice at home {home.median():.3f}; losses: quartiles and largest {losses}")
        for name in (name for name in MEASURES if table[name].notna().all() and table[name].nunique() > 1):
            print(f"  {name:22} {ranks(table, name)}")


def by_shift(means: pd.DataFrame) -> pd.DataFrame:
    """Quartiles of the loss, over networks and pairs, by the shift in defocus [nm]; means: as of `Results.means`."""
    own = means[means["train_id"] == means["test_id"]].set_index("network_id")["value"]
    nm = {domain: float(domain.split()[0]) for domain in DEFOCI}
    away = means[means["train_id"] != means["test_id"]]
    shift = (away["train_id"].map(nm) - away["test_id"].map(nm)).abs()
    loss = away["network_id"].map(own) - away["value"]
    return loss.groupby(shift.rename("shift_nm")).quantile([0.25, 0.5, 0.75]).unstack()


def told_shifts(results: Results) -> None:
    """Losses by the shift in defocus for three sizes of network."""
    for name in (name for name in SIZES if name in there(results)):
        means = results.means(name)
        words = f"{SIZES[name]} ({means['network_id'].nunique():,} networks)"
        print(f"\nlosses by the shift in defocus, {words}:\n{by_shift(means).round(3).to_string()}")


def by_training(results: Results, series: str) -> pd.DataFrame:
    """Medians over the networks of each training domain: Dice at home, over the eleven defoci, at the worst of them."""
    means = results.means(series)
    defoci = means[means["test_id"].isin(DEFOCI)].groupby(["train_id", "network_id"])["value"]
    home = means[means["train_id"] == means["test_id"]].set_index(["train_id", "network_id"])["value"]
    each = pd.DataFrame({"home": home, "mean": defoci.mean(), "worst": defoci.min()})
    grouped = each.groupby("train_id")
    return grouped.median().assign(spread=grouped["mean"].std(), networks=grouped.size())


def told_training(results: Results) -> None:
    """What to train on, best first."""
    table = pd.concat([by_training(results, series) for series in TRAINED_ON])
    table = table.sort_values("mean", ascending=False).round(3)
    print(f"\nDice over -25 to +25 nm by what was trained on:\n{table.to_string()}")


@in_style
def drawn(results: Results) -> Figure:
    """Left: Dice by the defocus of the test, for some training domains. Right: Dice at home and over all defoci."""
    figure = new_figure(WIDTH_IN, 3.4)
    tests, training = figure.subplots(1, 2)
    means = pd.concat([results.means(series) for series in TRAINED_ON])
    nm = [float(domain.split()[0]) for domain in DEFOCI]
    for name, colour, marker in zip(SHOWN, COLOURS, MARKERS, strict=False):
        of_test = means[means["train_id"] == name].groupby("test_id")["value"]
        low, middle, high = (of_test.quantile(share)[list(DEFOCI)] for share in (0.25, 0.5, 0.75))
        tests.fill_between(nm, low, high, color=colour, alpha=0.2, linewidth=0)
        tests.plot(nm, middle, marker=marker, color=colour, label=f"trained at {typographic(name)}")
    tests.set(xlabel="defocus of the test [nm]", ylabel="Dice: median and middle half of the networks")
    tests.legend()
    for (series, words), colour, marker in zip(TRAINED_ON.items(), COLOURS, MARKERS, strict=False):
        table = by_training(results, series)
        bars = {"yerr": table["spread"], "fmt": marker, "color": colour, "elinewidth": 0.6, "label": words}
        training.errorbar(table["home"], table["mean"], markersize=4, **bars)
        for name, row in table[table.index.isin(SHOWN)].iterrows():
            place, away = (row["home"], row["mean"]), SHOWN[str(name)]
            training.annotate(typographic(str(name)), place, away, textcoords="offset points", fontsize=7)
    training.set(xlabel="Dice at home", ylabel="mean Dice over −25 … +25 nm")
    training.legend(loc="lower left")
    return figure


def told_starts(results: Results) -> None:
    """How far networks of one pair are apart, and how far pairs are: standard deviations of Dice; and the two rates."""
    rates = {plan.network_id: plan.member.learning_rate for plan in network_plans(results.study)}
    for series in there(results):
        means = results.means(series)
        means = means[means["train_id"] != means["test_id"]]
        of_pair = means.groupby(["train_id", "test_id"])["value"]
        by_rate = (
            means.groupby(["train_id", "test_id", means["network_id"].map(rates)])["value"].mean().unstack()
        )
        apart = (by_rate.iloc[:, -1] - by_rate.iloc[:, 0]).mean()
        print(
            f"{series:16} networks of a pair {np.sqrt(of_pair.var().mean()):.3f}, "
            f"pairs {of_pair.mean().std():.3f}, the higher rate {apart:+.3f}"
        )


def main() -> None:
    """Print them all."""
    for judged, taught in ANALYSES:
        print(
            f"\n$ passband analyse results/{judged}"
            + "".join(f" --fitted-on results/{each}" for each in taught)
        )
        analyse(RESULTS / judged, False, [RESULTS / each for each in taught])
    for study in STUDIES:
        table = pairs(open_results(RESULTS / study))
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
    reference = open_results(RESULTS / "paper-scale")
    for told in (told_series, told_shifts, told_training, told_starts):
        told(reference)
    picture = Path(__file__).parent / "images" / "reference.png"
    picture.write_bytes(rendered(drawn(reference), "png"))


if __name__ == "__main__":
    main()
