"""Stacking faults: beyond a close-packed plane, everything is shifted by the fault vector.

Close-packed layers stand over three kinds of places, A, B and C; d is the in-plane step from one layer to the
next. Three steps are a lattice vector, so a shift of the upper crystal by d turns the step d into 2d = -d:
the layer above goes from one kind of hollow to the other and keeps its bonds. In fcc, ABCABC -> ABC|BCA (the
intrinsic fault, shift a/6 <11-2>); in wurtzite, ABAB -> ABA|CAC (the fault I2, shift a/3 <1-100>), on the
plane between the two layers of a bilayer (the glide set), where d changes sign from plane to plane.
Reference: J. P. Hirth & J. Lothe, Theory of Dislocations (1982), chs. 10 and 11.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passband.structure.cell import UnitCell
from passband.structure.periodic import shortest

_TOLERANCE = 1e-3
_FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


@dataclass(frozen=True, eq=False)
class Stacking:
    """The planes of a crystal on which a fault can lie, repeated along an axis.

    axis: (3,) unit vector of the stacking direction; period_A: repeat along it [Å].
    heights_A: (k,) heights of the planes of one repeat [Å]; shifts_A: (k, 3) their fault vectors [Å].
    Plane number i stands at heights_A[i mod k] + (i div k) period_A.
    """

    axis: NDArray[np.float64]
    period_A: float
    heights_A: NDArray[np.float64]
    shifts_A: NDArray[np.float64]

    def moved(self, offset_A: NDArray[np.float64]) -> "Stacking":
        """The planes of the crystal after it was moved by offset_A (3,) [Å]."""
        return Stacking(self.axis, self.period_A, self.heights_A + offset_A @ self.axis, self.shifts_A)

    def plane_heights_A(self, planes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Heights (m,) [Å] along the axis of the planes with these numbers (m,)."""
        repeat, which = np.divmod(planes, len(self.heights_A))
        return np.asarray(repeat * self.period_A + self.heights_A[which])

    def planes_between(self, low_A: float, high_A: float) -> NDArray[np.int64]:
        """Numbers (m,) of the planes at heights between low_A and high_A [Å], ends excluded."""
        per_repeat = len(self.heights_A)
        first = int(np.floor((low_A - self.heights_A.max()) / self.period_A))
        last = int(np.ceil((high_A - self.heights_A.min()) / self.period_A))
        planes = np.arange(first * per_repeat, (last + 1) * per_repeat)
        heights_A = self.plane_heights_A(planes)
        return planes[(heights_A > low_A) & (heights_A < high_A)]


def stacking_of(cell: UnitCell) -> Stacking | None:
    """The fault planes of a wurtzite cell along [0001] or a cubic fcc cell along [111]; None for others."""
    return _fcc_stacking(cell) or _wurtzite_stacking(cell)


def faulted(
    positions_A: NDArray[np.float64], stacking: Stacking, planes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Positions (n, 3) [Å] of a perfect crystal after a fault on each of the planes (m,), given by number."""
    beyond = (positions_A @ stacking.axis)[:, None] > stacking.plane_heights_A(planes)
    shifts_A = stacking.shifts_A[planes % len(stacking.heights_A)]
    return np.asarray(positions_A + beyond.astype(np.float64) @ shifts_A)


def _fcc_stacking(cell: UnitCell) -> Stacking | None:
    a = float(np.linalg.norm(cell.vectors_A[0]))
    cubic = np.allclose(cell.vectors_A @ cell.vectors_A.T, a**2 * np.eye(3), atol=_TOLERANCE * a**2)
    if not cubic or len(cell.numbers) != 4 or len(set(cell.numbers)) != 1:
        return None
    steps = cell.fractional - cell.fractional[0]
    if any(np.abs(shortest(steps - place, 1.0)).max(axis=1).min() > _TOLERANCE for place in _FCC):
        return None
    axis = cell.vectors_A.sum(axis=0) / (a * np.sqrt(3))
    period_A = a / np.sqrt(3)
    to_next_layer = (cell.vectors_A[0] + cell.vectors_A[1]) / 2
    shift = to_next_layer - (to_next_layer @ axis) * axis
    height_A = (cell.positions_A[0] @ axis + period_A / 2) % period_A
    return Stacking(axis, period_A, np.array([height_A]), shift[None])


def _wurtzite_stacking(cell: UnitCell) -> Stacking | None:
    a, b, c = cell.vectors_A
    products = [a @ b, a @ c, b @ c, b @ b]
    hexagonal = np.allclose(products, [-(a @ a) / 2, 0, 0, a @ a], atol=_TOLERANCE * (a @ a))
    if not hexagonal or len(cell.numbers) != 4:
        return None
    order = np.argsort(cell.fractional[:, 2])
    elements, layers = cell.numbers[order], cell.fractional[order]
    alternate = (elements[:2] == elements[2:]).all() and elements[0] != elements[1]
    steps = _steps_up(layers)
    sideways = np.abs(steps[:, :2]).max(axis=1)
    glide, straight = np.abs(sideways - 1 / 3) < _TOLERANCE, sideways < _TOLERANCE
    if not alternate or glide.sum() != 2 or straight.sum() != 2:
        return None
    period_A = float(np.linalg.norm(c))
    heights_A = (layers[glide, 2] + steps[glide, 2] / 2) * period_A
    return Stacking(c / period_A, period_A, heights_A, steps[glide, :2] @ cell.vectors_A[:2])


def _steps_up(layers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fractional steps (n, 3) from each layer of one repeat to the next one above; x and y the shortest."""
    steps = np.roll(layers, -1, axis=0) - layers
    steps[:, :2] = shortest(steps[:, :2], 1.0)
    steps[-1, 2] += 1.0
    return steps
