"""How well the networks do: at home, everywhere, and on the way there."""

from typing import Final

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from passband.report.axis import DomainAxis
from passband.report.look import (
    COLOURS,
    DASHES,
    INK,
    MARKERS,
    MOST_PANELS,
    QUIET,
    WIDTH_IN,
    in_style,
    named_ticks,
    new_figure,
    panels,
    regular_places,
    spread_out,
    turned_height_in,
)
from passband.report.summary import METRICS
from passband.report.wording import plain
from passband.shift.crossed import Blocks, separate_blocks

Floats = NDArray[np.float64]
NAMES: Final = {"dice": "Dice", "pixel_error": "pixel error"}
MOST_NUMBERED: Final = (16, 40)
"""Columns and rows up to which a matrix has its numbers in the cells."""
MOST_ACROSS: Final = 90
"""Cells across a figure of many blocks."""
MOST_LINES: Final = 16
MOST_DRAWN: Final = 2_000
"""Points up to which each is a shape of its own in the SVG."""
HISTORY: Final = {
    "validation_dice": "validation Dice",
    "validation_pixel_error": "validation pixel error",
    "training_loss": "training loss",
}


@in_style
def plot_in_distribution(own: dict[str, pd.DataFrame], networks: pd.DataFrame, axis: DomainAxis) -> Figure:
    """Every network in its own domain as a point, the median as a bar: Dice and pixel error.

    own: as in ``Summary.own``; networks: the table, for the learning rates.
    """
    names = axis.ordered(own["dice"]["train_id"])
    beside = len(names) <= 8
    labels = [axis.tick(name) for name in names]
    figure = new_figure(WIDTH_IN, (2.6 if beside else 4.6) + turned_height_in(labels, 2 if beside else 1))
    both = figure.subplots(1 if beside else 2, 2 if beside else 1, sharex=True, squeeze=False).flat
    rates = networks.set_index("network_id")["learning_rate"]
    for axes, metric in zip(both, METRICS, strict=True):
        points = own[metric].assign(learning_rate=own[metric]["network_id"].map(rates))
        _points(axes, points, names)
        axes.set_ylabel(f"{NAMES[metric]} in the own domain")
        named_ticks(axes, labels, 8 if beside else 40)
        axes.set_xlabel(f"training domain: {axis.label}" if axis.setting else "training domain")
    handles, _ = both[0].get_legend_handles_labels()
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 4), columnspacing=1.4)
    return figure


def _points(axes: Axes, own: pd.DataFrame, names: list[str]) -> None:
    place = {name: float(i) for i, name in enumerate(names)}
    rates = sorted(own["learning_rate"].dropna().unique())
    dense = len(own) > 150
    for i, rate in enumerate(rates):
        rows = own[own["learning_rate"] == rate].sort_values("network_id")
        turn = rows.groupby("train_id").cumcount().to_numpy()
        lane = (i + (turn + 0.5) / (turn.max() + 1)) / len(rates) - 0.5
        (points,) = axes.plot(rows["train_id"].map(place).to_numpy(dtype=float) + 0.66 * lane, rows["value"])
        colour = COLOURS[i % len(COLOURS)]
        points.set(linestyle="none", marker=MARKERS[i % len(MARKERS)], color=colour)
        points.set(markerfacecolor="white" if i % 2 else colour, markersize=2 if dense else 4)
        points.set_rasterized(len(own) > MOST_DRAWN)
        points.set_label(f"one network, learning rate {plain(rate)}")
    medians = own.groupby("train_id")["value"].median()[names]
    x = np.arange(len(names))
    axes.hlines(medians, x - 0.4, x + 0.4, color=INK, linewidth=1.8, label="median", zorder=3 if dense else 1)
    axes.set_xlim(-0.6, len(names) - 0.4)


@in_style
def plot_matrix(matrix: dict[str, pd.DataFrame], axis: DomainAxis) -> Figure:
    """Training domains in rows, test domains in columns: median Dice above, median pixel error below.

    matrix: as in ``Summary.matrix``. Of a series in blocks each block is a tile, and its first training domain named.
    """
    trains, tests = axis.ordered(matrix["dice"]["train_id"]), axis.ordered(matrix["dice"]["test_id"])
    tables = [
        matrix[metric]
        .pivot(index="train_id", columns="test_id", values="median")
        .reindex(trains, columns=tests)
        for metric in METRICS
    ]
    blocks = separate_blocks(tables[0].notna().to_numpy())
    if len(blocks) > 1:
        return _tiles(tables, blocks, axis)
    height = len(trains) * min(0.34, max(0.075, 3.6 / len(trains)))
    below = turned_height_in([axis.tick(name) for name in tests])
    width = min(WIDTH_IN, 2.4 + 0.62 * len(tests))
    figure = new_figure(width, 2 * (max(height, 0.9) + 0.5) + below + 0.3)
    both = figure.subplots(2, 1, sharex=True)
    home = np.array(trains)[:, None] == np.array(tests)
    for axes, metric, table in zip(both, METRICS, tables, strict=True):
        _cells(axes, table.to_numpy(dtype=float), home, metric)
        shown = regular_places(len(trains), max(1, int(height / 0.13)))
        axes.set_yticks(shown, [axis.tick(trains[i]) for i in shown])
        axes.set_title(f"Median {NAMES[metric]}")
    figure.supylabel(f"training: {axis.label}" if axis.setting else "training domain", fontsize=8)
    named_ticks(both[1], [axis.tick(name) for name in tests])
    both[1].set_xlabel(f"test: {axis.label}" if axis.setting else "test domain")
    return figure


def _tiles(tables: list[pd.DataFrame], blocks: Blocks, axis: DomainAxis) -> Figure:
    """A tile per block, row after row, a column of cells and room for a name between them."""
    height, width = (max(len(block[side]) for block in blocks) + gap for side, gap in ((0, 2), (1, 1)))
    across = max(1, min(len(blocks), MOST_ACROSS // width))
    corners = [(2 + height * (k // across), width * (k % across)) for k in range(len(blocks))]
    shape = (height * -(-len(blocks) // across) + 1, width * across - 1)
    figure = new_figure(WIDTH_IN, 2 * (shape[0] * WIDTH_IN / shape[1] + 0.4))
    for axes, metric, table in zip(figure.subplots(2, 1), METRICS, tables, strict=True):
        canvas, home = np.full(shape, np.nan), np.zeros(shape, bool)
        for (rows, columns), (top, left) in zip(blocks, corners, strict=True):
            tile = table.iloc[rows, columns]
            place = np.s_[top : top + len(rows), left : left + len(columns)]
            canvas[place] = tile.to_numpy(dtype=float)
            home[place] = tile.index.to_numpy()[:, None] == tile.columns.to_numpy()
            axes.text(left - 0.5, top - 0.7, axis.tick(tile.index[0]), fontsize=5, va="bottom")
        _cells(axes, canvas, home, metric)
        axes.set(xticks=[], yticks=[], title=f"Median {NAMES[metric]}")
        axes.spines[:].set_visible(False)
    return figure


def _cells(axes: Axes, values: Floats, home: NDArray[np.bool_], metric: str) -> None:
    scale = Normalize(float(np.nanmin(values)), float(np.nanmax(values)))
    rows, columns = (np.arange(n + 1) - 0.5 for n in values.shape)
    colours = matplotlib.colormaps["cividis" if metric == "dice" else "cividis_r"]
    picture = axes.pcolormesh(columns, rows, np.ma.masked_invalid(values), cmap=colours, norm=scale)
    picture.set_rasterized(values.size > 400)
    axes.figure.colorbar(picture, ax=axes, pad=0.01, aspect=12, label=NAMES[metric])
    axes.set(xlim=(-0.54, values.shape[1] - 0.46), ylim=(values.shape[0] - 0.44, -0.56))
    axes.tick_params(length=0)
    numbered = values.shape[1] <= MOST_NUMBERED[0] and values.shape[0] <= MOST_NUMBERED[1]
    for i, j in zip(*np.nonzero(np.isfinite(values)), strict=True):
        if numbered:
            dark = sum(colours(scale(values[i, j]))[:3]) < 1.5
            text = f"{values[i, j]:.{2 if metric == 'dice' else 3}f}"
            axes.text(j, i, text, ha="center", va="center", fontsize=7, color="white" if dark else "black")
        if home[i, j]:
            _outline(axes, float(j), float(i), 2.2 if numbered else 1.0)


def _outline(axes: Axes, x: float, y: float, linewidth: float) -> None:
    """A frame that stands out on light and on dark cells."""
    for colour, width in (("black", linewidth), ("white", linewidth / 3)):
        cell = Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=colour, linewidth=width, zorder=3)
        axes.add_patch(cell)


def history_column(history: pd.DataFrame) -> str | None:
    """The column that tells best how training went, of those that are there and filled."""
    return next((name for name in HISTORY if name in history and history[name].notna().any()), None)


@in_style
def plot_history(history: pd.DataFrame, networks: pd.DataFrame, axis: DomainAxis) -> Figure:
    """Validation against the step: a panel per training domain, a line per network, the kept step marked.

    Raises ValueError where the history has none of the columns of ``HISTORY``.
    """
    column = history_column(history)
    if column is None:
        raise ValueError("the history has none of the columns " + ", ".join(HISTORY))
    known = networks[["network_id", "train_id", "learning_rate", "best_step"]]
    rows = history[["network_id", "step", column]].dropna().merge(known, on="network_id")
    names = spread_out(axis.ordered(rows["train_id"]), MOST_PANELS + 1)
    rates = sorted(rows["learning_rate"].unique())
    figure, grid = panels(len(names), 1.7)
    for axes, name in zip(grid, names, strict=True):
        _lines(axes, rows[rows["train_id"] == name], column, rates)
        axes.set_title(axis.trained(name))
    figure.supxlabel("training step", fontsize=8)
    figure.supylabel(HISTORY[column], fontsize=8)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 5))
    return figure


def _lines(axes: Axes, rows: pd.DataFrame, column: str, rates: list[float]) -> None:
    for i, rate in enumerate(rates):
        of_rate = rows[rows["learning_rate"] == rate]
        colour, dashes = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
        axes.plot([], [], color=colour, linestyle=dashes, label=f"learning rate {plain(rate)}")
        for network_id in spread_out(sorted(of_rate["network_id"].unique()), MOST_LINES):
            line = of_rate[of_rate["network_id"] == network_id].sort_values("step")
            axes.plot(line["step"], line[column], color=colour, linestyle=dashes, linewidth=0.8, alpha=0.85)
            kept = line[line["step"] == line["best_step"]]
            axes.plot(kept["step"], kept[column], "o", color=INK, markerfacecolor="white", markersize=3)
    axes.plot([], [], "o", color=INK, markerfacecolor="white", markersize=3, label="step that was kept")
    axes.grid(axis="y", color=QUIET, linewidth=0.3, alpha=0.5)
