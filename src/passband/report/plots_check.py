"""The figure of a convergence study: error and time against each choice."""

from math import ceil
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from passband.accuracy.result import LIMIT, NAMES, Axis, Check, Key
from passband.accuracy.verdict import percent
from passband.report.look import ACCENT, ALARM, INK, QUIET, WIDTH_IN, in_style, new_figure

_LABELS: Final[dict[Key, str]] = {
    "sampling_A": "Pixel size [Å]",
    "slice_thickness_A": "Slice thickness [Å]",
    "frozen_phonons": "Frozen phonons",
    "field_nm": "Field [nm]",
    "stored_sampling_A": "Stored pixel [Å]",
}
SMALLEST: Final = 1e-5
"""Errors below this are shown at it."""


@in_style
def plot_check(check: Check) -> Figure:
    """A panel for each choice: errors on the left axis, CPU seconds per wave on the right one; finer to the right."""
    columns = min(3, len(check.axes))
    lines = ceil(len(check.axes) / columns)
    figure = new_figure(WIDTH_IN if columns > 1 else 4.0, 2.1 * lines + 0.4)
    grid = list(figure.subplots(lines, columns, squeeze=False).flat)
    for index, (axes, axis) in enumerate(zip(grid, check.axes, strict=False)):
        _panel(axes, axis)
        if index % columns == 0:
            axes.set_ylabel("Error")
    for spare in grid[len(check.axes) :]:
        spare.set_visible(False)
    return figure


def _panel(axes: Axes, axis: Axis) -> None:
    """Values stand side by side, not to scale, so that Debye-Waller factors have a place too."""
    places = range(len(axis.probes))
    own = axis.probes.index(axis.own)
    errors = [max(probe.image_error, SMALLEST) for probe in axis.probes]
    axes.axhline(LIMIT, color=ALARM, linewidth=0.7, linestyle="--")
    axes.plot(places, errors, "o-", color=ACCENT, label="image")
    axes.plot([own], [errors[own]], "o", color=ACCENT, markersize=9, fillstyle="none")
    waves = [(i, probe.wave_error) for i, probe in enumerate(axis.probes) if probe.wave_error is not None]
    if waves:
        axes.plot([i for i, _ in waves], [max(e, SMALLEST) for _, e in waves], "^:", color=INK, label="wave")
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, LIMIT / 2), max(high, LIMIT * 2))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    names = ["none" if not probe.value else f"{probe.value:.3g}" for probe in axis.probes]
    axes.set_xticks(list(places), names)
    axes.set_xlim(-0.4, len(names) - 0.6)
    axes.set_xlabel(_LABELS[axis.key])
    axes.set_title(NAMES[axis.key].capitalize())
    _times(axes, axis)


def _times(axes: Axes, axis: Axis) -> None:
    timed = [(i, probe.seconds) for i, probe in enumerate(axis.probes) if probe.seconds]
    if not timed:
        return
    right = axes.twinx()
    right.plot([i for i, _ in timed], [seconds for _, seconds in timed], "s-", color=QUIET, markersize=3)
    right.set_yscale("log")
    low, high = right.get_ylim()
    right.set_ylim(low / 2, high * 2)
    right.spines["right"].set_visible(True)
    right.spines["right"].set_color(QUIET)
    right.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 30 else (1.0,)))
    right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} s"))
    right.yaxis.set_minor_locator(NullLocator())
    right.tick_params(colors=QUIET)
