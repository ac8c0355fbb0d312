"""Which measure of a shift foretells what it costs."""

from math import ceil
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from passband.report.axis import DomainAxis
from passband.report.look import ACCENT, COLOURS, INK, MARKERS, QUIET, WIDTH_IN, in_style, new_figure
from passband.report.measures import is_overlap, measure_words, overall_spearman, shown_measures
from passband.report.plots_shift import LOSSES

MOST_WITH_SPREAD: Final = 300
"""Pairs up to which each has its spread; beyond, the lines would hide the points."""


@in_style
def plot_gap_against_measures(losses: pd.DataFrame, axis: DomainAxis) -> Figure:
    """G_OOD in pixel error of every pair against σ and against each other measure and baseline.

    losses: rows of ``Summary.away`` joined with the table of information; at least one measure must vary.
    """
    measures = shown_measures(losses)
    columns = min(3, len(measures))
    rows = ceil(len(measures) / columns)
    figure = new_figure(WIDTH_IN if columns > 1 else 4.8, 2.1 * rows + 0.5)
    grid = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    trains = axis.ordered(losses["train_id"])
    for axes, measure in zip(grid, measures, strict=False):
        _scatter(axes, losses, measure.column, trains)
        axes.set_xlabel(measure.symbol)
        axes.axhline(0, color=INK, linewidth=0.5)
        if measure.is_overlap:
            axes.invert_xaxis()
    for spare in grid[len(measures) :]:
        spare.set_visible(False)
    figure.supylabel(LOSSES["pixel_error"], fontsize=8)
    if len(trains) <= len(MARKERS):
        handles = [_mark(i, len(trains), axis.trained(name)) for i, name in enumerate(trains)]
        figure.legend(handles=handles, loc="outside upper center", ncols=min(len(trains), 5))
    return figure


def _scatter(axes: Axes, losses: pd.DataFrame, column: str, trains: list[str]) -> None:
    few = len(losses) <= MOST_WITH_SPREAD
    for i, name in enumerate(trains):
        rows = losses[losses["train_id"] == name]
        if few:
            ends = (rows["lower_quartile"], rows["upper_quartile"])
            axes.vlines(rows[column], *ends, color=QUIET, linewidth=0.6, zorder=1)
        mark = _mark(i, len(trains), "")
        mark.set_data(rows[column].to_numpy(dtype=float), rows["median"].to_numpy(dtype=float))
        mark.set(markersize=4 if few else 1.5, alpha=1.0 if few else 0.5, rasterized=not few)
        axes.add_line(mark)
    axes.autoscale_view()


def _mark(i: int, n: int, label: str) -> Line2D:
    """The mark of the i-th of n training domains: its own up to ten, one small dot for all beyond."""
    colour, shape = (COLOURS[i % len(COLOURS)], MARKERS[i]) if n <= len(MARKERS) else (INK, ".")
    face = "white" if i % 2 and n <= len(MARKERS) else colour
    return Line2D([], [], color=colour, marker=shape, markerfacecolor=face, linestyle="none", label=label)


@in_style
def plot_correlations(correlations: pd.DataFrame) -> Figure:
    """Spearman's ρ of each measure with the loss in pixel error and in Dice, with its interval.

    correlations: the table of ``ReportData``. Overlaps are counted with their sign reversed, so that right
    always means: foretells the loss.
    """
    rows = _oriented(correlations)
    order = rows.groupby("measure")["value"].mean().sort_values().index
    figure = new_figure(WIDTH_IN, 0.36 * len(order) + 1.0)
    axes = figure.subplots()
    place = {name: float(i) for i, name in enumerate(order)}
    looks = (("pixel_error", "o", ACCENT, ACCENT, 0.12), ("dice", "s", INK, "white", -0.12))
    for metric, marker, colour, face, offset in looks:
        some = rows[rows["metric"] == metric]
        y = some["measure"].map(place).to_numpy(dtype=float) + offset
        axes.hlines(y, some["left"], some["right"], color=colour, linewidth=1.0)
        label = "loss in " + metric.replace("_", " ").replace("dice", "Dice")
        axes.plot(some["value"], y, marker, color=colour, markerfacecolor=face, linestyle="none", label=label)
    names = [("− " if is_overlap(str(name)) else "") + measure_words(str(name)) for name in order]
    axes.set_yticks(range(len(order)), names)
    axes.axvline(0, color=INK, linewidth=0.6)
    leftmost = float(np.nanmin([*rows["left"], *rows["value"]]))
    axes.set(xlim=(min(-0.3, leftmost - 0.05), 1.02), xlabel="Spearman’s ρ with the loss")
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.grid(axis="x", color=QUIET, linewidth=0.3, alpha=0.5)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _oriented(correlations: pd.DataFrame) -> pd.DataFrame:
    """ρ over all pairs with overlaps reversed: value, left, right."""
    rows = overall_spearman(correlations)
    sign = np.array([-1.0 if is_overlap(str(name)) else 1.0 for name in rows["measure"]])
    ends = np.sort(np.stack([sign * rows["low"], sign * rows["high"]]), axis=0)
    return rows.assign(value=sign * rows["value"], left=ends[0], right=ends[1])
