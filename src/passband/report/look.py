"""How every figure looks: sizes, type, lines that stay apart without colour, and bytes that repeat.

Widths are those of a printed page: 7.2 in across, 8 pt type; the page scales them up. The sequential map is
cividis, uniform to the eye, to colour-blind eyes and in grey (J. R. Nuñez et al., PLoS ONE 13, e0199239,
2018).
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from math import ceil
from typing import Any, Final, Literal, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from passband.report.wording import plain

P = ParamSpec("P")
T = TypeVar("T")
Kind = Literal["svg", "png"]

WIDTH_IN: Final = 7.2
CHARACTERS_WIDE, LONGEST_UPRIGHT = 70, 14
"""Characters of labels, with their gaps, that fit side by side across a page, and of one that is not turned."""
INK: Final = "#1b1e23"
ACCENT: Final = "#1f4e8c"
ALARM: Final = "#a3351b"
QUIET: Final = "#8a9099"
BAND: Final = "#c4cad3"
WIDE_BAND: Final = "#e6e9ee"
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
DASHES: Final = ("-", "--", ":", "-.")
COLOURS: Final = (INK, ACCENT, QUIET, "#5d6b2f", ALARM)
MOST_PANELS: Final = 11

_STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "image.interpolation": "none",
    "svg.fonttype": "path",
    "svg.hashsalt": "passband",
}


@contextmanager
def _own_style() -> Iterator[None]:
    """The look of the report, whatever the user's own matplotlib settings are, and those again afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def in_style(plot: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw a figure in the look of the report."""

    @wraps(plot)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _own_style():
            return plot(*args, **kwargs)

    return styled


def rendered(figure: Figure, kind: Kind) -> bytes:
    """The figure as SVG or PNG (200 dpi): the same figure always gives the same bytes, without dates."""
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with _own_style():
        figure.savefig(buffer, format=kind, dpi=200, metadata=metadata, facecolor="white")
    return buffer.getvalue()


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure whose panels make room for their own labels."""
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.05, wspace=0.02, hspace=0.02)
    return Figure(figsize=(width_in, height_in), layout=layout)


def panels(n: int, panel_height_in: float, label_height_in: float = 0.0) -> tuple[Figure, list[Axes]]:
    """A figure of n equal panels with common axes, two or three in a row; the outer ones have numbers.

    label_height_in: room for long labels below the lowest row.
    """
    columns = min(n, 2 if n == 4 else 3)
    rows = ceil(n / columns)
    figure = new_figure(WIDTH_IN if columns > 1 else 4.8, rows * panel_height_in + label_height_in + 0.4)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    axes = list(grid.flat)
    for spare in axes[n:]:
        spare.set_visible(False)
    for lowest in axes[n - columns : n]:
        lowest.tick_params(labelbottom=True)
    return figure, axes[:n]


def ratio_scale(axes: Axes) -> None:
    """A logarithmic x axis with plain numbers, as many as fit; to be called when everything is drawn."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 200 else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    axes.xaxis.set_minor_locator(NullLocator())


def spread_out(items: list[T], most: int) -> list[T]:
    """At most ``most`` of the items, evenly spread and with both ends."""
    if len(items) <= most:
        return items
    return [items[i] for i in np.unique(np.linspace(0, len(items) - 1, most).round().astype(int))]


def regular_places(n: int, most: int) -> list[int]:
    """At most ``most`` of the places 0 … n - 1, evenly spaced from the first."""
    return list(range(0, n, ceil(n / most)))


def named_ticks(axes: Axes, labels: list[str], most: int = 30) -> None:
    """Put names at 0, 1, 2 … of the x axis, as many as fit, turned where they are long."""
    shown = regular_places(len(labels), most)
    names = [labels[i] for i in shown]
    place = axes.get_subplotspec()
    columns = place.get_gridspec().ncols if place is not None else 1
    axes.set_xticks(shown, names, rotation=90 if turned_height_in(names, columns) else 0)


def turned_height_in(labels: list[str], columns: int = 1) -> float:
    """Height of labels that are too long to stand side by side, 0 where they are not.

    columns: panels that share the width of the page.
    """
    longest, all_of_them = max(len(label) for label in labels), sum(len(label) + 2 for label in labels)
    return 0.062 * longest if columns * all_of_them > CHARACTERS_WIDE or longest > LONGEST_UPRIGHT else 0.0
