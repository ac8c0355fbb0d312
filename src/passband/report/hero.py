"""The one figure for the door: the same particles through the focus, their transfer curves, the decline."""

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from passband.report.axis import DomainAxis, domain_axis
from passband.report.data import ReportData
from passband.report.look import (
    COLOURS,
    DASHES,
    MARKERS,
    in_style,
    named_ticks,
    new_figure,
    ratio_scale,
    spread_out,
)
from passband.report.plots_examples import image_panel, label_transfer_axes, shown_examples, transfer_panel
from passband.shift.matrix import performance

MOST_CURVES: Final = 5


@in_style
def plot_hero(data: ReportData) -> Figure:
    """One wide figure (10 x 3 in): images over the conditions, T(q) below, and the Dice of every training.

    Raises ValueError without examples or scores.
    """
    if data.examples is None or data.scores.empty:
        raise ValueError("the hero figure needs examples and scores")
    axis = domain_axis(data.domains)
    shown = shown_examples(data.examples, axis)
    figure = new_figure(10.0, 3.0)
    halves = figure.subfigures(1, 2, width_ratios=[2.05, 1], squeeze=False)
    grid = halves[0, 0].subplots(2, len(shown.domain_ids), squeeze=False, height_ratios=[1.3, 1])
    for column, name in enumerate(shown.domain_ids):
        image_panel(grid[0, column], shown, column)
        grid[0, column].set_title(axis.title(name), loc="center", fontweight="bold")
        transfer_panel(grid[1, column], shown, column)
    label_transfer_axes(list(grid[1]))
    axes = halves[0, 1].subplots()
    _decline(axes, performance(data.every, "dice"), axis)
    handles, labels = axes.get_legend_handles_labels()
    halves[0, 1].legend(
        handles, labels, loc="outside upper center", ncols=3, title="trained at (filled: tested there)"
    )
    return figure


def _decline(axes: Axes, matrix: pd.DataFrame, axis: DomainAxis) -> None:
    tests = axis.ordered(matrix["test_id"])
    place = {name: axis.places[name] if axis.setting else float(i) for i, name in enumerate(tests)}
    for i, name in enumerate(spread_out(axis.ordered(matrix["train_id"]), MOST_CURVES)):
        rows = matrix[matrix["train_id"] == name].set_index("test_id")["median"].reindex(tests)
        (curve,) = axes.plot(list(place.values()), rows.to_numpy(dtype=float), label=axis.valued(name))
        line = DASHES[i % len(DASHES)] if axis.setting else "none"
        curve.set(marker=MARKERS[i], color=COLOURS[i], markerfacecolor="white", linestyle=line)
        axes.plot([place[name]], [float(rows[name])], MARKERS[i], color=COLOURS[i], markersize=7, zorder=3)
    if axis.setting is None:
        named_ticks(axes, [axis.tick(name) for name in tests], 12)
    elif axis.setting.is_ratio:
        ratio_scale(axes)
    axes.set(ylim=(0, 1), xlabel=f"test images: {axis.label}", ylabel="median Dice, unseen structures")
