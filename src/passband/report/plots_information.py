"""Our CTF-based ε over the conditions, and whether it tells how hard a condition is."""

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

MOST_LABELS = 12


def epsilon_of_domains(information: pd.DataFrame) -> pd.Series:
    """ε per domain, indexed by domain_id, from the table of pairs."""
    train = information[["train_id", "epsilon_train"]].set_axis(["domain_id", "epsilon"], axis=1)
    test = information[["test_id", "epsilon_test"]].set_axis(["domain_id", "epsilon"], axis=1)
    return (
        pd.concat([train, test]).drop_duplicates("domain_id").set_index("domain_id")["epsilon"].astype(float)
    )


@in_style
def plot_epsilon(epsilon: pd.Series, own: pd.DataFrame, axis: DomainAxis) -> Figure:
    """Left: ε of every domain.  Right: Dice of the networks in their own domain against ε, with their spread.

    epsilon: as from ``epsilon_of_domains``; own: train_id and value per network, as in ``Summary.own``.
    """
    names = [axis.tick(name) for name in axis.order] if axis.setting is None else [""]
    figure = new_figure(WIDTH_IN, 2.6 + turned_height_in(names, columns=2))
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    _over_domains(left, epsilon, set(own["train_id"]), axis)
    _against_difficulty(right, epsilon, own, axis)
    return figure


def _over_domains(axes: Axes, epsilon: pd.Series, trained: set[str], axis: DomainAxis) -> None:
    names = axis.ordered(epsilon.index)
    numeric = axis.setting is not None
    x = [axis.places[name] if numeric else float(i) for i, name in enumerate(names)]
    axes.plot(x, epsilon[names], color=QUIET, linewidth=0.8, linestyle="-" if numeric else "none")
    for label, colour, face, marker, is_trained in (
        ("trained on", ACCENT, ACCENT, "o", True),
        ("test only", INK, "white", "s", False),
    ):
        where = [i for i, name in enumerate(names) if (name in trained) is is_trained]
        if where:
            y = [epsilon[names[i]] for i in where]
            axes.plot([x[i] for i in where], y, marker, color=colour, markerfacecolor=face, label=label)
    if axis.setting is not None and axis.setting.is_ratio:
        ratio_scale(axes)
    if not numeric:
        named_ticks(axes, [axis.tick(name) for name in names], 20)
    axes.set(xlabel=axis.label, ylabel="ε, share of the band transferred")
    axes.legend(loc="best")


def _against_difficulty(axes: Axes, epsilon: pd.Series, own: pd.DataFrame, axis: DomainAxis) -> None:
    groups = own.groupby("train_id")["value"]
    table = pd.DataFrame({"dice": groups.median(), "low": groups.min(), "high": groups.max()})
    table = table.join(epsilon, how="inner")
    axes.set(xlabel="ε of the training domain", ylabel="Dice in the own domain")
    axes.vlines(table["epsilon"], table["low"], table["high"], color=QUIET, linewidth=0.8)
    axes.plot(
        table["epsilon"], table["dice"], "o", color=ACCENT, markersize=4 if len(table) <= MOST_LABELS else 2
    )
    axes.margins(x=0.2)
    names = axis.ordered(table.index)
    for i, name in enumerate(names if len(names) <= MOST_LABELS else []):
        left = i < len(names) / 2  # mirrored conditions have one ε: their labels go to opposite sides
        place = (float(table["epsilon"][name]), float(table["dice"][name]))
        offset = (-4, 3) if left else (4, -8)
        label = axes.annotate(axis.valued(name), place, offset, textcoords="offset points")
        label.set(horizontalalignment="right" if left else "left", fontsize=6.5)
