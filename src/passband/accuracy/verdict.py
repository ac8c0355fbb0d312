"""What a convergence study comes to, in sentences and in the rows of a table."""

from math import ceil
from typing import Final

from passband.accuracy.order import ORDER_OF_WEAK_SLICES
from passband.accuracy.result import LIMIT, NAMES, Axis, Check, Key, Order, Probe

COLUMNS: Final = ("setting", "value", "image error", "wave error", "CPU s", "times")
"""Of the rows that `rows` gives."""


def verdict(check: Check) -> str:
    """The outcome in one sentence."""
    limit = percent(LIMIT)
    above = [f"{_spoken(axis)} ({percent(axis.own.image_error)})" for axis in check.axes if _is_above(axis)]
    if check.together and check.together.image_error > LIMIT:
        above.append(f"pixels and slices together ({percent(check.together.image_error)})")
    if not check.axes:
        return "Nothing was probed."
    if not above:
        return f"Converged: every choice that was probed costs at most {limit} of the contrast."
    return f"Not converged to {limit} of the contrast: {', '.join(above)}."


def sentences(check: Check) -> tuple[str, ...]:
    """One sentence for each choice, one for all together, and what was left out."""
    told = [sentence(axis) for axis in check.axes]
    told += [f"Slice thickness: {order_words(axis.order)}." for axis in check.axes if axis.order]
    if check.together:
        told.append(
            f"All together, against {check.together.reference}: {percent(check.together.image_error)} of the "
            f"contrast, {percent(check.together.wave_error)} of the scattered wave."
        )
    return (*told, *(f"{what[0].upper()}{what[1:]}." for what in check.left_out))


def sentence(axis: Axis) -> str:
    """What the user's value costs, and what another one would: the cheapest that is converged, or the next finer."""
    own = axis.own
    if axis.key == "frozen_phonons":
        return f"Frozen phonons: {_phonons(axis, own)}."
    name, value = NAMES[axis.key].capitalize(), value_words(axis.key, own)
    told = f"{name}: {value} costs {percent(own.image_error)} of the contrast"
    other = _alternative(axis)
    if other is not None:
        told += (
            f"; {value_words(axis.key, other)} would cost {percent(other.image_error)}{_times(other, own)}"
        )
    elif own.image_error > LIMIT:
        told += f"; nothing that was probed comes below {percent(LIMIT)}"
    return f"{told}."


def rows(check: Check) -> list[tuple[str, ...]]:
    """Cells of COLUMNS, a row for each probe; the user's own values are marked."""
    return [
        (
            NAMES[axis.key],
            _cell(axis.key, probe) + (" (yours)" if probe.is_own else ""),
            percent(probe.image_error),
            "–" if probe.wave_error is None else percent(probe.wave_error),
            "–" if probe.seconds is None else f"{probe.seconds:.2f}",
            _ratio(probe, axis.own),
        )
        for axis in check.axes
        for probe in axis.probes
    ]


def order_words(order: Order) -> str:
    """The fitted order of convergence, its range, and what was declared."""
    return (
        f"fitted order {order.power:.1f} over {order.lowest:g} to {order.highest:g} Å; "
        f"declared: {order.declared:g} for strong atoms, {ORDER_OF_WEAK_SLICES:g} for weak ones"
    )


def value_words(key: Key, probe: Probe) -> str:
    """A value with its unit."""
    if key == "frozen_phonons":
        return "Debye-Waller factors" if probe.value == 0 else f"{probe.value:g} frozen phonons"
    return f"{probe.value:.4g} nm" if key == "field_nm" else f"{probe.value:.3g} Å"


def _cell(key: Key, probe: Probe) -> str:
    if key == "frozen_phonons":
        return f"{probe.value:g}" if probe.value else "none"
    return value_words(key, probe)


def percent(share: float) -> str:
    """A share as a percentage with two digits."""
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def _spoken(axis: Axis) -> str:
    name = "" if axis.key == "frozen_phonons" else f"{NAMES[axis.key]} "
    return name + value_words(axis.key, axis.own)


def _is_above(axis: Axis) -> bool:
    return axis.own.image_error > LIMIT


def _phonons(axis: Axis, own: Probe) -> str:
    """Debye-Waller factors and a number of configurations err in different ways: a bias, and a standard error."""
    resting = next((probe for probe in axis.probes if probe.value == 0), None)
    one = next(probe for probe in axis.probes if probe.value == 1)
    cost = f"{percent(own.image_error)} of the contrast"
    if own.value > 0:
        told = f"{own.value:g} leave a standard error of {cost}"
        if resting is None:
            return told
        bias = f"{percent(resting.image_error)}{_times(resting, own)}"
        return f"{told}; Debye-Waller factors differ from their mean by {bias}"
    told = f"Debye-Waller factors differ from the mean over frozen phonons by {cost}"
    if own.image_error == 0:
        return told
    needed = ceil((one.image_error / own.image_error) ** 2 - 1e-9)
    return f"{told}; {needed} configurations would be needed for a standard error as small"


def _alternative(axis: Axis) -> Probe | None:
    """The cheapest converged value if the user's is not converged; else the next finer one that is more exact."""
    if _is_above(axis):
        return axis.cheapest_converged()
    finer = axis.probes[axis.probes.index(axis.own) + 1 :]
    return next((probe for probe in finer if probe.image_error < axis.own.image_error), None)


def _times(other: Probe, own: Probe) -> str:
    ratio = _ratio(other, own)
    return "" if ratio == "–" else f" at {ratio} times the time"


def _ratio(other: Probe, own: Probe) -> str:
    if other.seconds is None or not own.seconds:
        return "–"
    return f"{other.seconds / own.seconds:.2g}"
