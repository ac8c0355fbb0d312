"""Stacking of close-packed planes: faults, twins, and mixtures of fcc with hcp, zincblende with wurtzite.

Close-packed layers stand over three kinds of places, A, B and C; d is the in-plane step from one layer to the
next. Three steps are a lattice vector, so a shift of the upper crystal by d turns the step d into 2d = -d: the
layer above goes from one kind of hollow to the other and keeps its bonds. A stacking is therefore the sequence of
the signs of its steps: all alike in fcc, zincblende and diamond, alternating in wurtzite, and every defect here
is a set of steps whose sign is turned over:

- one step: in fcc, ABCABC -> ABC|BCA (the intrinsic fault, shift a/6 <11-2>); in wurtzite, ABAB -> ABA|CAC (the
  fault I2, shift a/3 <1-100>);
- all steps beyond a plane: ABCABC -> ABC|BAC, the coherent twin of cubic crystals;
- every step by the toss of a coin: a layer is hexagonal where the steps below and above it differ in sign,
  cubic where they agree (H. Jagodzinski, Acta Cryst. 2 (1949) 201).

In wurtzite, zincblende and diamond the plane lies between the two layers of a bilayer (the glide set).
Reference: J. P. Hirth & J. Lothe, Theory of Dislocations (1982), chs. 10 and 11.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from passband.structure.cell import UnitCell
from passband.structure.periodic import shortest

_TOLERANCE = 1e-3
_FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


@dataclass(frozen=True, eq=False)
class Stacking:
    """The planes of a crystal on which a step can turn over, repeated along an axis.

    axis: (3,) unit vector of the stacking direction; period_A: repeat along it [Å].
    heights_A: (k,) heights of the planes of one repeat [Å]; signs: (k,) ±1, of the steps across them.
    step_A: (3,) the in-plane step d of sign +1 [Å].
    Plane number i stands at heights_A[i mod k] + (i div k) period_A.
    """

    axis: NDArray[np.float64]
    period_A: float
    heights_A: NDArray[np.float64]
    signs: NDArray[np.int64]
    step_A: NDArray[np.float64]

    @property
    def shifts_A(self) -> NDArray[np.float64]:
        """(k, 3), what turns the step across each plane of one repeat over [Å]."""
        return self.signs[:, None] * self.step_A

    @property
    def is_cubic(self) -> bool:
        """Whether all steps have one sign, as in fcc, zincblende and diamond."""
        return len(set(self.signs.tolist())) == 1

    def moved(self, offset_A: NDArray[np.float64]) -> "Stacking":
        """The planes of the crystal after it was moved by offset_A (3,) [Å]."""
        return replace(self, heights_A=self.heights_A + offset_A @ self.axis)

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
    """The planes of a wurtzite cell along [0001], or of a cubic fcc, zincblende or diamond cell along [111].

    None for other cells.
    """
    return _cubic_stacking(cell) or _wurtzite_stacking(cell)


def is_fcc_element(cell: UnitCell) -> bool:
    """Whether this is the cubic cell of an fcc crystal of one element."""
    return (
        len(cell.numbers) == 4 and len(set(cell.numbers.tolist())) == 1 and _cubic_stacking(cell) is not None
    )


def faulted(
    positions_A: NDArray[np.float64], stacking: Stacking, planes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Positions (n, 3) [Å] of a perfect crystal after the steps across the planes (m,), by number, turned over.

    Shifts are taken modulo three steps, so no atom moves by more than one.
    """
    planes = np.sort(planes)
    turned = np.concatenate([[0], np.cumsum(stacking.signs[planes % len(stacking.signs)])])
    below = np.searchsorted(stacking.plane_heights_A(planes), positions_A @ stacking.axis)
    steps = (turned[below] + 1) % 3 - 1
    return np.asarray(positions_A + steps[:, None] * stacking.step_A)


def twinned_beyond(planes: NDArray[np.int64], twins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of the planes (m,), in order, whose steps turn over so that the crystal is twinned at each of twins."""
    beyond = (planes[:, None] >= twins).sum(axis=1)
    return np.asarray(planes[beyond % 2 == 1])


def draw_mixture(
    stacking: Stacking, planes: NDArray[np.int64], hexagonal_share: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Those of the successive planes (m,) whose steps turn over so that layers are hexagonal with this probability."""
    signs = stacking.signs[planes % len(stacking.signs)]
    hexagonal = rng.random(len(planes)) < hexagonal_share
    hexagonal[:1] = rng.random() < 0.5
    wanted = np.where(np.cumsum(hexagonal) % 2 == 1, -1, 1)
    return np.asarray(planes[wanted != signs])


def _cubic_stacking(cell: UnitCell) -> Stacking | None:
    a = float(np.linalg.norm(cell.vectors_A[0]))
    cubic = np.allclose(cell.vectors_A @ cell.vectors_A.T, a**2 * np.eye(3), atol=_TOLERANCE * a**2)
    if not cubic or len(cell.numbers) not in (4, 8):
        return None
    first = _sublattice(cell, 0)
    rest = np.setdiff1d(np.arange(len(cell.numbers)), first)
    if len(first) != 4 or (len(rest) and len(_sublattice(cell, int(rest[0]))) != 4):
        return None
    if len(rest) and not _bond_along_111(cell, int(rest[0])):
        return None
    axis = cell.vectors_A.sum(axis=0) / (a * np.sqrt(3))
    period_A = a / np.sqrt(3)
    heights_A = (cell.positions_A[[0, rest[0]]] if len(rest) else cell.positions_A[:1]) @ axis
    to_next_layer = (cell.vectors_A[0] + cell.vectors_A[1]) / 2
    step_A = to_next_layer - (to_next_layer @ axis) * axis
    height_A = _middle_of_smallest_gap(heights_A, period_A)
    return Stacking(axis, period_A, np.array([height_A]), np.array([1]), step_A)


def _sublattice(cell: UnitCell, atom: int) -> NDArray[np.intp]:
    """The atoms of one element that the centring translations of fcc lead to from this one."""
    steps = cell.fractional - cell.fractional[atom]
    centred = np.abs(shortest(steps[:, None] - _FCC, 1.0)).max(axis=2).min(axis=1) < _TOLERANCE
    return np.asarray(np.flatnonzero(centred & (cell.numbers == cell.numbers[atom])))


def _bond_along_111(cell: UnitCell, atom: int) -> bool:
    """Whether the second sublattice stands a quarter of the diagonal above or below the first."""
    step = cell.fractional[atom] - cell.fractional[0]
    offsets = np.concatenate([_FCC + 0.25, _FCC - 0.25])
    return bool((np.abs(shortest(step - offsets, 1.0)).max(axis=1) < _TOLERANCE).any())


def _middle_of_smallest_gap(heights_A: NDArray[np.float64], period_A: float) -> float:
    """The height in [0, period) halfway between the two nearest of layers that repeat."""
    layers_A = np.sort(heights_A % period_A)
    gaps_A = np.diff(layers_A, append=layers_A[0] + period_A)
    which = int(gaps_A.argmin())
    return float((layers_A[which] + gaps_A[which] / 2) % period_A)


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
    shifts_A = steps[glide, :2] @ cell.vectors_A[:2]
    return Stacking(c / period_A, period_A, heights_A, np.array([1, -1]), shifts_A[0])


def _steps_up(layers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fractional steps (n, 3) from each layer of one repeat to the next one above; x and y the shortest."""
    steps = np.roll(layers, -1, axis=0) - layers
    steps[:, :2] = shortest(steps[:, :2], 1.0)
    steps[-1, 2] += 1.0
    return steps
