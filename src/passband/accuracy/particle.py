"""The largest particle alone, in its own field and in a wider one: what the periodic images of it do.

In a periodic field a particle stands beside copies of itself. Where in the field it stands does not matter, so it is
put into the middle; the same particle in a field of twice the width has its copies twice as far away. The film cannot
be tested so: it is periodic by itself.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from passband.structure.atoms import Atoms, Role
from passband.structure.periodic import wrapped

SMALLEST_GAP_A: Final = 4.0
"""A particle with less room than this to its own copy [Å] is a crystal that fills the field."""


def largest_particle(atoms: Atoms) -> Atoms | None:
    """The particle with most atoms, in the middle of its field; None without any, or where it fills the field."""
    indices, counts = np.unique(atoms.particle[atoms.roles == Role.PARTICLE], return_counts=True)
    if len(indices) == 0:
        return None
    alone = atoms.selected((atoms.roles == Role.PARTICLE) & (atoms.particle == indices[counts.argmax()]))
    x_A, y_A = (_centred(alone.positions_A[:, axis], atoms.cell_A[axis]) for axis in (0, 1))
    if x_A is None or y_A is None:
        return None
    return replace(alone, positions_A=np.column_stack([x_A, y_A, alone.positions_A[:, 2]]))


def in_wider_field(centred: Atoms, times: float) -> Atoms:
    """The same particle in the middle of a field so many times as wide and as high."""
    width_A, height_A, depth_A = centred.cell_A
    shift_A = np.array([width_A * (times - 1) / 2, height_A * (times - 1) / 2, 0.0])
    cell_A = (width_A * times, height_A * times, depth_A)
    return replace(centred, positions_A=centred.positions_A + shift_A, cell_A=cell_A)


def _centred(places_A: NDArray[np.float64], period_A: float) -> NDArray[np.float64] | None:
    """Places along a periodic axis, cut open at the widest gap and moved to the middle; None without such a gap."""
    sorted_A = np.sort(wrapped(places_A, period_A))
    gaps_A = np.diff(np.append(sorted_A, sorted_A[0] + period_A))
    widest = int(gaps_A.argmax())
    if gaps_A[widest] < SMALLEST_GAP_A:
        return None
    first_A = sorted_A[(widest + 1) % len(sorted_A)]
    opened_A = wrapped(places_A - first_A, period_A)
    opened_A[opened_A > period_A - gaps_A[widest] / 2] -= period_A  # the first one, rounded down
    return np.asarray(opened_A + gaps_A[widest] / 2)
