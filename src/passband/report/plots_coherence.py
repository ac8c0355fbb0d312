"""How far quasi-coherent images are from explicitly averaged ones, for the study's own structures."""

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from passband.report.axis import DomainAxis
from passband.report.look import (
    ACCENT,
    INK,
    QUIET,
    WIDTH_IN,
    in_style,
    named_ticks,
    new_figure,
    ratio_scale,
    turned_height_in,
)
from passband.report.wording import count, number

LARGEST_QUIET_ERROR: Final = 1e-3
"""An error of the source's points that cannot be seen in this figure."""


@in_style
def plot_coherence(table: pd.DataFrame, axis: DomainAxis) -> Figure:
    """Left: difference of the images over the domains.  Right: change of the contrast; lines are medians.

    table: a row per domain and structure, as ``study.coherence.coherence_table`` gives it.
    """
    names = [axis.tick(name) for name in axis.order] if axis.setting is None else [""]
    figure = new_figure(WIDTH_IN, 2.6 + turned_height_in(names, columns=2))
    left, right = figure.subplots(1, 2)
    _over_domains(left, table, "difference_percent", axis, (INK, "s", "as they are"))
    look = (ACCENT, "o", "standardised, as networks see them")
    _over_domains(left, table, "standardised_difference_percent", axis, look)
    left.set(ylabel="rms difference [% of the contrast]", ylim=(0, None))
    left.legend(loc="best")
    _over_domains(right, table, "contrast_change_percent", axis, (ACCENT, "o", ""))
    right.axhline(0, color=INK, linewidth=0.5)
    right.set(ylabel="contrast, quasi-coherent − explicit [%]")
    return figure


def coherence_summary(table: pd.DataFrame) -> str:
    """The finding in one sentence, without a full stop."""
    median = table.groupby("domain_id")["standardised_difference_percent"].median()
    largest = table["contrast_change_percent"].abs().max()
    return (
        f"Quasi-coherent and explicitly averaged images, standardised, differ by {number(median.min())} to "
        f"{number(median.max())} % of the contrast (median structure of a domain); the contrast itself by up to "
        f"{number(largest)} %"
    )


def coherence_caption(table: pd.DataFrame) -> str:
    """What a point is, what the two ways are, and how exact the explicit one is."""
    told = (
        f"Each domain's mean condition images {count(int(table['wave'].max()) + 1, 'structure')} in two ways: with "
        "envelopes that damp the wave (quasi-coherent), which is exact for weak objects, and by averaging "
        "intensities over focus and tilts of the illumination (explicit), which is not bound to them. Grey: "
        "structures; in colour: their median. Left: root mean square of the difference of both images, without noise. "
        "Right: how much the contrast, the standard deviation of the image, differs."
    )
    error = table["source_error"].max()
    if error > LARGEST_QUIET_ERROR:
        told += (
            f" Up to {count(int(table['source_points'].max()), 'point')} stood for the source; their mean of the "
            f"interference of two scattered waves is off by up to {number(error)} of what a point source gives, "
            "part of which shows as difference."
        )
    return told


def _over_domains(
    axes: Axes, table: pd.DataFrame, column: str, axis: DomainAxis, look: tuple[str, str, str]
) -> None:
    colour, marker, label = look
    names, numeric = axis.ordered(table["domain_id"]), axis.setting is not None
    x = [axis.places[name] if numeric else float(i) for i, name in enumerate(names)]
    place = dict(zip(names, x, strict=True))
    axes.plot(table["domain_id"].map(place), table[column], marker, color=QUIET, markersize=2.5, zorder=1)
    medians = table.groupby("domain_id")[column].median()[names]
    axes.plot(x, medians, marker, linestyle="-" if numeric else "none", color=colour, label=label or None)
    if axis.setting is not None and axis.setting.is_ratio:
        ratio_scale(axes)
    if not numeric:
        named_ticks(axes, [axis.tick(name) for name in names], 20)
    axes.set(xlabel=axis.label)
