"""Atoms that cannot stand where they stand: nearer to each other than any bond.

So coordinates in nm, doubled atoms and sites that two elements share are found before they are simulated.
"""

from itertools import product
from typing import Final

import ase
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import CLOSEST_A
from passband.structure.periodic import wrapped

AT_ONCE: Final = 1000
"""Atoms that are looked at before the first pair is told: equal places without number would take hours otherwise."""

Floats = NDArray[np.float64]


def check_distances(found: ase.Atoms, name: str) -> None:
    """Raises UserError, with the first pair, where two atoms or periodic images are nearer than CLOSEST_A (0.5 Å)."""
    places_A, owners = _with_images(found)
    tree = cKDTree(places_A, balanced_tree=False)  # balancing is slow where many places are equal
    for first in range(0, len(found), AT_ONCE):
        asked_A = places_A[first : min(first + AT_ONCE, len(found))]
        distances_A, near = tree.query(asked_A, k=2, distance_upper_bound=CLOSEST_A)
        pairs = np.flatnonzero(distances_A[:, 1] < CLOSEST_A)
        if len(pairs):
            row, one = pairs[0], first + int(pairs[0])
            place = near[row, 1] if near[row, 1] != one else near[row, 0]  # equal places come in any order
            raise UserError(f"{name}: {_told(found, (one, int(owners[place])), float(distances_A[row, 1]))}")


def _told(found: ase.Atoms, pair: tuple[int, int], distance_A: float) -> str:
    one, other = (index + 1 for index in pair)
    who = f"atoms {one} and {other} are" if one != other else f"atom {one} and its periodic image are"
    if _is_partly_occupied(found):
        return f"{who} {distance_A:.2f} Å apart on a partly occupied site; give an ordered structure"
    return f"{who} {distance_A:.2f} Å apart; coordinates must be in Å, and every atom listed once"


def _with_images(found: ase.Atoms) -> tuple[Floats, NDArray[np.int64]]:
    """Places (n + m, 3) [Å] of all atoms and of the periodic images close to them, and whose they are (n + m,)."""
    places_A = np.asarray(found.positions, dtype=np.float64)
    owners = np.arange(len(places_A))
    if abs(found.cell.volume) < 1e-6 or not found.pbc.any():
        return places_A, owners
    vectors_A, is_periodic = np.asarray(found.cell.array), np.asarray(found.pbc)
    inverse_per_A = np.linalg.inv(vectors_A)
    fractional = places_A @ inverse_per_A
    fractional = np.where(is_periodic, wrapped(fractional, 1.0), fractional)
    reach = CLOSEST_A * np.linalg.norm(inverse_per_A, axis=0)  # as a part of the cell's heights
    images, whose = [fractional], [owners]
    for step in product(*((-1, 0, 1) if periodic else (0,) for periodic in is_periodic)):
        if any(step):
            moved = fractional + np.array(step)
            close = ((moved > -reach) & (moved < 1 + reach) | ~is_periodic).all(axis=1)
            images.append(moved[close])
            whose.append(owners[close])
    return np.concatenate(images) @ vectors_A, np.concatenate(whose)


def _is_partly_occupied(found: ase.Atoms) -> bool:
    """By what ASE keeps of a CIF (info) or a PDB (an array)."""
    sites = found.info.get("occupancy", {})
    shares = [share for site in sites.values() for share in site.values()] if isinstance(sites, dict) else []
    if found.has("occupancy"):
        shares += found.get_array("occupancy").tolist()
    return any(abs(share - 1) > 1e-3 for share in shares)
