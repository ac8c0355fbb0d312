"""What the microscopist looks at first: the images, the transfer above them, and what the network found."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from passband.report.axis import DomainAxis
from passband.report.data import Examples, Floats
from passband.report.look import (
    ACCENT,
    ALARM,
    INK,
    QUIET,
    WIDE_BAND,
    WIDTH_IN,
    in_style,
    new_figure,
    spread_out,
)
from passband.report.wording import number, typographic

MOST_EXAMPLES = 5
MOST_PIXELS = 256
LIMIT = float(np.exp(-2))
"""The envelope at the information limit (physics.md of the project's conventions: E_t E_s = e⁻²)."""

CORRECT, MISSED, FALSE = "#c3c8cf", ACCENT, ALARM


@dataclass(frozen=True)
class Landmarks:
    """Where a transfer curve changes its character [1/Å]; NaN where that lies beyond the curve."""

    first_zero_per_A: float
    information_limit_per_A: float


def landmarks(q_per_A: Floats, transfer: Floats, envelope: Floats) -> Landmarks:
    """First change of sign of T(q), and where the envelope falls to e⁻², by linear interpolation.

    q_per_A, transfer, envelope: (n,). Zeros beyond the information limit are of no use and not reported.
    """
    limit = _crossing(q_per_A, envelope - LIMIT)
    start = int(np.argmax(np.abs(transfer) > 1e-6))
    zero = _crossing(q_per_A[start:], transfer[start:])
    return Landmarks(zero if not zero > limit else np.nan, limit)


def _crossing(q: Floats, values: Floats) -> float:
    turns = np.flatnonzero(np.diff(np.signbit(values)))
    if not len(turns):
        return float(np.nan)
    i = int(turns[0])
    return float(q[i] - values[i] * (q[i + 1] - q[i]) / (values[i + 1] - values[i]))


def shown_examples(examples: Examples, axis: DomainAxis) -> Examples:
    """At most five conditions in the order of the axis, evenly spread, that of training among them."""
    order = axis.ordered(examples.domain_ids)
    names = spread_out(order, MOST_EXAMPLES)
    if examples.train_id in order and examples.train_id not in names:
        inner = names[1:-1] or names
        own = order.index(examples.train_id)
        nearest = min(inner, key=lambda name: abs(order.index(name) - own))
        names = [examples.train_id if name == nearest else name for name in names]
    return examples.only([examples.domain_ids.index(name) for name in names])


def verdict_image(mask: Floats, probabilities: Floats) -> NDArray[np.uint8]:
    """Right and wrong as a picture (2 ny, 2 nx, 3): found light grey, missed in stripes, false dark.

    mask and probabilities (ny, nx); a pixel is found where the probability exceeds one half. The stripes and
    the two greys stay apart in print without colour.
    """
    truth, found = mask > 0.5, probabilities > 0.5
    large = [np.kron(each, np.ones((2, 2))) > 0 for each in (truth & found, truth & ~found, found & ~truth)]
    y, x = np.indices(large[0].shape)
    stripe = (x + y) % 12 < 6
    picture = np.full((*stripe.shape, 3), 255, np.uint8)
    for where, colour in ((large[0], CORRECT), (large[1] & stripe, MISSED), (large[2], FALSE)):
        picture[where] = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return picture


@in_style
def plot_examples(examples: Examples, axis: DomainAxis) -> Figure:
    """One structure at up to five conditions: T(q), the image, and the network's verdict, in columns."""
    shown = shown_examples(examples, axis)
    k = len(shown.domain_ids)
    width = WIDTH_IN if k > 2 else 2.4 * k
    side = (width - 0.45) / k
    figure = new_figure(width, 2 * side + 2.1)
    grid = figure.subplots(3, k, squeeze=False, height_ratios=[1.1, side, side])
    for column in range(k):
        transfer_panel(grid[0, column], shown, column)
        grid[0, column].set_title(
            axis.title(shown.domain_ids[column]), fontweight="bold", loc="center", pad=6
        )
        image_panel(grid[1, column], shown, column)
        _verdict_panel(grid[2, column], shown, column)
    label_transfer_axes(list(grid[0]))
    figure.legend(
        handles=_verdict_legend(), loc="outside lower center", ncols=4 if k > 1 else 2, handlelength=1.6
    )
    return figure


def transfer_panel(axes: Axes, shown: Examples, column: int) -> None:
    """T(q) within its envelope, with its landmarks (see ``landmarks``); q in 1/Å below and in 1/nm above."""
    q, curve, envelope = shown.q_per_A, shown.transfer[column], shown.envelope[column]
    axes.fill_between(q, -envelope, envelope, color=WIDE_BAND, linewidth=0)
    axes.axhline(0, color=QUIET, linewidth=0.5)
    axes.plot(q, curve, color=INK, linewidth=1.0)
    marks = landmarks(q, curve, envelope)
    if np.isfinite(marks.first_zero_per_A):
        axes.plot([marks.first_zero_per_A], [0], "o", color=ALARM, markersize=3.5, clip_on=False)
    if np.isfinite(marks.information_limit_per_A):
        axes.axvline(marks.information_limit_per_A, color=ACCENT, linewidth=1.0, linestyle=":")
    axes.set(xlim=(0, float(q[-1])), ylim=(-1.05, 1.05), yticks=[-1, 0, 1], xticks=_round_ticks(float(q[-1])))
    above = axes.secondary_xaxis("top", functions=(_per_nm, _per_A))
    above.set_xticks([10 * tick for tick in _round_ticks(float(q[-1]))])
    above.tick_params(labelsize=6, length=2, pad=1)
    axes.tick_params(length=2)
    axes.set_xlabel(_note(marks, float(q[-1])), fontsize=6.5, labelpad=2)


def _per_nm(q_per_A: ArrayLike) -> NDArray[np.float64]:
    return 10 * np.asarray(q_per_A, dtype=np.float64)


def _per_A(q_per_nm: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(q_per_nm, dtype=np.float64) / 10


def _note(marks: Landmarks, last_per_A: float) -> str:
    """First zero and information limit in words; a limit beyond the curve is given as "> end"."""
    zero = number(marks.first_zero_per_A) if np.isfinite(marks.first_zero_per_A) else "none"
    beyond = not np.isfinite(marks.information_limit_per_A)
    limit = f"> {number(last_per_A)}" if beyond else number(marks.information_limit_per_A)
    return f"● {zero}   ┊ {limit}"


def _round_ticks(last: float) -> list[float]:
    return [tick for tick in (0.0, 0.5, 1.0, 1.5, 2.0) if tick <= last + 1e-9]


def label_transfer_axes(row: list[Axes]) -> None:
    """Numbers and units at the first of a row of transfer panels, which share their axes."""
    for axes in row[1:]:
        axes.set_yticklabels([])
    row[0].set_ylabel("T(q)")
    for y, offset, text in ((0, -9, "q [1/Å]"), (1, 8, "q [1/nm]")):
        row[0].annotate(
            text,
            (0, y),
            (-11, offset),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=6,
        )


def image_panel(axes: Axes, shown: Examples, column: int) -> None:
    """One image in grey, with a scale bar in the first column."""
    picture = _binned(shown.images[column])
    low, high = np.percentile(picture, (0.5, 99.5))
    axes.imshow(_grey(picture, low, high), extent=_extent(shown))
    _bare(axes)
    if column == 0:
        _scale_bar(axes, shown)


def _verdict_panel(axes: Axes, shown: Examples, column: int) -> None:
    axes.imshow(verdict_image(shown.mask, shown.probabilities[column]), extent=_extent(shown))
    axes.contour(
        shown.mask > 0.5, levels=[0.5], colors=INK, linewidths=0.6, extent=_extent(shown), origin="upper"
    )
    _bare(axes)
    own = " (own domain)" if shown.domain_ids[column] == shown.train_id else ""
    axes.set_xlabel(f"Dice {number(_dice(shown.mask, shown.probabilities[column]))}{own}", fontsize=7)


def _dice(mask: Floats, probabilities: Floats) -> float:
    truth, found = mask > 0.5, probabilities > 0.5
    total = int(truth.sum() + found.sum())
    return 2 * int((truth & found).sum()) / total if total else 1.0


def _grey(picture: Floats, low: float, high: float) -> NDArray[np.uint8]:
    """Eight-bit grey as three channels: the smallest that a figure can embed."""
    levels = np.clip((picture - low) / max(high - low, 1e-12), 0, 1) * 255
    return np.repeat(levels.round().astype(np.uint8)[..., None], 3, axis=2)


def _binned(image: Floats) -> Floats:
    """The image with whole pixels averaged until it has at most 256 a side."""
    factor = -(-max(image.shape) // MOST_PIXELS)
    ny, nx = (n // factor * factor for n in image.shape)
    blocks: Floats = image[:ny, :nx].reshape(ny // factor, factor, nx // factor, factor).mean(axis=(1, 3))
    return blocks


def _extent(shown: Examples) -> tuple[float, float, float, float]:
    ny, nx = shown.mask.shape
    return 0.0, nx * shown.sampling_A / 10, ny * shown.sampling_A / 10, 0.0


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(True)


def _scale_bar(axes: Axes, shown: Examples) -> None:
    """A bar of about a quarter of the field, in nm, on a white plate so that any image carries it."""
    field_nm = shown.mask.shape[1] * shown.sampling_A / 10
    length_nm = max(
        (step for step in (0.5, 1, 2, 5, 10, 20, 50) if step <= field_nm / 3), default=field_nm / 3
    )
    x, y = 0.06 * field_nm, 0.93 * shown.mask.shape[0] * shown.sampling_A / 10
    plate = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
    axes.text(
        x + length_nm / 2,
        y - 0.03 * field_nm,
        f"{length_nm:g} nm",
        ha="center",
        va="bottom",
        fontsize=6.5,
        bbox=plate,
    )
    axes.plot([x, x + length_nm], [y, y], color="white", linewidth=4.5, solid_capstyle="butt")
    axes.plot([x, x + length_nm], [y, y], color=INK, linewidth=2.5, solid_capstyle="butt")


def _verdict_legend() -> list[Patch]:
    missed = Patch(facecolor="white", edgecolor=MISSED, hatch="//////", linewidth=0.4, label="missed")
    return [
        Patch(facecolor=CORRECT, edgecolor="none", label="found"),
        missed,
        Patch(facecolor=FALSE, edgecolor="none", label="false"),
        Patch(facecolor="none", edgecolor=INK, linewidth=0.8, label="outline: ground truth"),
    ]


def example_summary(examples: Examples, axis: DomainAxis) -> str:
    """The examples in words, for those who cannot see them."""
    shown = shown_examples(examples, axis)
    values = [
        f"{typographic(name)}: Dice {number(_dice(shown.mask, shown.probabilities[i]))}"
        for i, name in enumerate(shown.domain_ids)
    ]
    return "; ".join(values)
