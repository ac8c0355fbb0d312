"""How well performance in new domains was foretold: predicted against reached Dice, and the errors of everybody."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from passband.report.look import ACCENT, BAND, INK, QUIET, WIDTH_IN, in_style, new_figure
from passband.report.prediction import CONTESTS, contest_of, in_order, predictor_words
from passband.shift.contests import APART

MOST_PLAIN: Final = 300
"""Pairs up to which points are drawn at full size."""


def told_contests(told: Mapping[str, Any]) -> list[str]:
    """The contests of a series in which something is said."""
    return [name for name in CONTESTS if contest_of(told, name)[0]["refused"] is None]


@in_style
def plot_predicted(predictions: pd.DataFrame, contests: Sequence[str]) -> Figure:
    """Predicted against reached Dice of every pair with both domains left out, a panel per contest.

    predictions: contest, dice_mean, predicted, half_width (NaN if refused), as `study.prediction` gives them.
    """
    figure = new_figure(WIDTH_IN if len(contests) > 1 else 3.8, 3.6)
    grid = figure.subplots(1, len(contests), sharex=True, sharey=True, squeeze=False)[0]
    known = predictions[predictions["contest"].isin(contests)].dropna(subset=["predicted"])
    low = float(known[["dice_mean", "predicted"]].min().min()) - 0.02
    for axes, name in zip(grid, contests, strict=True):
        rows = known[known["contest"] == name]
        _predicted_panel(axes, rows, low)
        axes.set_title(CONTESTS[name].split(":")[0])
    figure.supxlabel("predicted Dice", fontsize=8)
    figure.supylabel("Dice reached", fontsize=8)
    return figure


def _predicted_panel(axes: Axes, rows: pd.DataFrame, low: float) -> None:
    width = float(rows["half_width"].iloc[0])
    ends = [low, 1.0]
    if width == width:
        below, above = ([end + sign * width for end in ends] for sign in (-1, 1))
        axes.fill_between(ends, below, above, color=BAND, linewidth=0, alpha=0.6)
    axes.plot(ends, ends, color=INK, linewidth=0.6)
    few = len(rows) <= MOST_PLAIN
    axes.plot(
        rows["predicted"],
        rows["dice_mean"],
        "o",
        color=ACCENT,
        markersize=3 if few else 1.4,
        alpha=1.0 if few else 0.5,
        markeredgewidth=0,
        rasterized=not few,
    )
    axes.set(xlim=ends, ylim=ends, aspect="equal")


@in_style
def plot_errors(told: Mapping[str, Any], contests: Sequence[str]) -> Figure:
    """Mean absolute error of Dice of every predictor, with its interval; ours filled, baselines open.

    What knows of direct simulation stands below the others, hatched.
    """
    lists = {name: in_order(contest_of(told, name)[0]) for name in contests}
    rows = [len(each) for each in lists.values()]
    figure = new_figure(WIDTH_IN, 0.19 * sum(rows) + 0.45 * len(rows) + 0.5)
    grid = figure.subplots(len(rows), 1, sharex=True, squeeze=False, height_ratios=rows)[:, 0]
    for axes, (name, predictors) in zip(grid, lists.items(), strict=True):
        _errors_panel(axes, predictors)
        axes.set_title(CONTESTS[name])
    grid[-1].set_xlabel("mean absolute error of Dice, both domains new")
    return figure


def _errors_panel(axes: Axes, predictors: Sequence[Mapping[str, Any]]) -> None:
    apart_from = sum(each["name"] not in APART for each in predictors)
    if apart_from < len(predictors):
        axes.axhline(apart_from - 0.5, color=QUIET, linewidth=0.6)
    for place, each in enumerate(predictors):
        ours, mae, apart = bool(each["ours"]), float(each["mae"]), place >= apart_from
        colour = ACCENT if ours else QUIET
        (bar,) = axes.barh(place, mae, height=0.62, edgecolor=colour, linewidth=0.8)
        bar.set(facecolor=colour if ours and not apart else "white", hatch="////" if apart else None)
        low, high = (nan if end is None else float(end) for end in each["mae_interval"])
        axes.hlines(place, low, high, color=INK, linewidth=1.0)
    axes.set_yticks(range(len(predictors)), [predictor_words(each["name"]) for each in predictors])
    axes.set_ylim(len(predictors) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color=QUIET, linewidth=0.3, alpha=0.5)
    axes.set_axisbelow(True)
