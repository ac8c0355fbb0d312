"""How much is lost by moving away from the training conditions."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from passband.report.axis import DomainAxis
from passband.report.look import (
    ACCENT,
    BAND,
    INK,
    MOST_PANELS,
    QUIET,
    WIDE_BAND,
    in_style,
    named_ticks,
    panels,
    ratio_scale,
    spread_out,
    turned_height_in,
)
from passband.report.summary import TOLERANCE, loss_by_distance
from passband.shift.matrix import is_in_blocks

G_OOD: Final = r"$G_\mathrm{OOD}$"
LOSSES: Final = {
    "pixel_error": f"{G_OOD}, pixel error [share]",
    "dice": f"{G_OOD}, Dice lost",
}


@in_style
def plot_gap_profile(profile: pd.DataFrame, metric: str, axis: DomainAxis) -> Figure:
    """G_OOD against the shift: a panel per training domain and, where shifts have a size, one for all.

    profile: as in ``Summary.profile``; metric: "pixel_error" or "dice".
    """
    names = spread_out(axis.ordered(profile["train_id"]), MOST_PANELS)
    pooled = axis.setting is not None and len(names) > 1
    tests = axis.ordered(profile["test_id"])
    labels = [axis.tick(name) for name in tests] if axis.setting is None else []
    in_blocks = axis.setting is None and is_in_blocks(profile)
    below = turned_height_in(labels, columns=3) if labels and not in_blocks else 0.0
    figure, grid = panels(len(names) + pooled, 1.75, below)
    for axes, name in zip(grid, names, strict=False):
        rows = profile[profile["train_id"] == name]
        own = axis.ordered(rows["test_id"]) if in_blocks else tests
        _profile_panel(axes, rows, own, axis)
        if in_blocks:
            axes.set_xticks([])
        elif labels:
            named_ticks(axes, labels, 12)
        axes.set_title(axis.trained(name))
    if pooled:
        _pooled_panel(grid[-1], profile, axis)
    for axes in grid:
        if axis.setting is not None and axis.setting.is_ratio:
            ratio_scale(axes)
        axes.axhline(0, color=INK, linewidth=0.5)
        if metric == "dice":
            axes.axhline(TOLERANCE, color=INK, linewidth=0.7, linestyle=":")
    figure.supxlabel("test domains of the block" if in_blocks else axis.shift_label, fontsize=8)
    figure.supylabel(LOSSES[metric], fontsize=8)
    figure.legend(handles=_profile_legend(profile, pooled), loc="outside upper center", ncols=5)
    return figure


def _profile_panel(axes: Axes, rows: pd.DataFrame, tests: list[str], axis: DomainAxis) -> None:
    train_id = str(rows["train_id"].iloc[0])
    if axis.setting is None:
        place = {name: float(i) for i, name in enumerate(tests)}
    else:
        place = {name: axis.shift(train_id, name) for name in tests}
    rows = rows.assign(x=rows["test_id"].map(place)).sort_values("x")
    x = rows["x"].to_numpy(dtype=float)
    if train_id in place:
        axes.axvline(place[train_id], color=QUIET, linewidth=0.6, linestyle="--")
    for low, high, colour in (("minimum", "maximum", WIDE_BAND), ("lower_quartile", "upper_quartile", BAND)):
        if axis.setting is None:
            axes.vlines(x, rows[low], rows[high], color=colour, linewidth=4)
        else:
            axes.fill_between(x, rows[low], rows[high], color=colour, linewidth=0)
    axes.vlines(x, rows["low"], rows["high"], color=INK, linewidth=1.0)
    line = "none" if axis.setting is None else "-"
    axes.plot(x, rows["median"], "o", linestyle=line, color=ACCENT, markersize=3 if len(x) <= 30 else 1.5)


def _pooled_panel(axes: Axes, profile: pd.DataFrame, axis: DomainAxis) -> None:
    """All pairs by the size of their shift; the spread is that of pairs, so it is hatched."""
    pooled = loss_by_distance(profile, axis)
    x, low, high = (pooled[name].to_numpy() for name in ("distance", "lower_quartile", "upper_quartile"))
    axes.set_title("all of them, by size of shift")
    axes.fill_between(x, low, high, facecolor="white", linewidth=0, hatch="////", edgecolor=QUIET)
    axes.plot(x, pooled["median"], "s-", color=INK, markersize=3 if len(x) <= 30 else 1.5)


def _profile_legend(profile: pd.DataFrame, pooled: bool) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=ACCENT, marker="o", markersize=3, label="median network"),
        Patch(facecolor=BAND, label="middle half"),
        Patch(facecolor=WIDE_BAND, label="all networks"),
    ]
    if profile["low"].notna().any():
        bar = Line2D([], [], color=INK, marker="|", linestyle="none", markersize=8)
        bar.set_label("interval over structures")
        handles.append(bar)
    if pooled:
        hatched = Patch(facecolor="white", edgecolor=QUIET, hatch="////", linewidth=0)
        hatched.set_label("middle half of pairs")
        handles.append(hatched)
    return handles


def widest(profile: pd.DataFrame) -> float:
    """Half the width of the widest interval over structures; NaN where there are none."""
    return (
        float(np.nanmax((profile["high"] - profile["low"]) / 2)) if profile["low"].notna().any() else np.nan
    )
