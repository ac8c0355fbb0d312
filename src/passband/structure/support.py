"""The film under the particles, drawn afresh or cut from a library of blocks.

A block is a film of the greatest thickness that its record allows. A scene takes one block of the library,
mirrors it or not, shifts it by whole steps around the periodic field, and keeps what lies above its own
thickness. So one block serves many scenes without two of them alike, and what is computed of it once (its atoms
here, its potential in the scattering) is used again. A block belongs to one library, and each split of a study
has a library of its own: no texture is ever in both training and test.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from passband.seeds import random_stream, seed_for
from passband.structure.distribution import LAYER_SPACING_A, Amorphous, AmorphousCarbon, Graphene, Support
from passband.structure.graphene import draw_graphene
from passband.structure.packing import draw_packing
from passband.structure.periodic import wrapped
from passband.structure.relaxation import relaxed_carbon
from passband.units import nm_to_A

SHIFT_STEPS = 64
"""Blocks are shifted by whole steps of field / SHIFT_STEPS, so that a shift can be one of whole pixels."""
CONTACT_A = 2.0
"""Least distance between an atom of a particle and one of an amorphous film [Å]. Ours, between a bond and a van der
Waals contact; the published study does not state it."""
CONTACT_ON_GRAPHENE_A = LAYER_SPACING_A
"""The same on graphene [Å]: a van der Waals contact, as between its own sheets. Ours."""
_CARBON, _NITROGEN, _SILICON = 6, 7, 14
_BLOCKS_IN_MEMORY = 32


@dataclass(frozen=True)
class Block:
    """One film of a library: everything that decides its atoms. field_A: its period in x and y [Å]."""

    support: Amorphous
    field_A: float
    seed: int


@dataclass(frozen=True, eq=False)
class BlockAtoms:
    """places_A: float64 (n, 3), x, y and depth below the surface [Å], 0 <= depth < the thickest of the support.

    numbers: int64 (n,), atomic numbers. Those of a whole block are read-only, since they are shared.
    """

    places_A: NDArray[np.float64]
    numbers: NDArray[np.int64]


@dataclass(frozen=True)
class BlockPlacement:
    """Where a block lies in a scene.

    steps_yx: shift in y and in x, in steps of field / SHIFT_STEPS, periodic.
    mirrored: x -> -x (periodic), before the shift.
    thickness_A: atoms with depth < thickness_A are kept [Å].
    surface_z_A: z of the surface, which is depth 0, in the scene's box [Å].
    along_beam: True where depth grows with z (the particles are met first), False where it falls.
    """

    block: Block
    steps_yx: tuple[int, int]
    mirrored: bool
    thickness_A: float
    surface_z_A: float
    along_beam: bool


@dataclass(frozen=True)
class BlockCut:
    """What a scene takes of a block; the rest of a BlockPlacement is known when the particles are there."""

    block: Block
    steps_yx: tuple[int, int]
    mirrored: bool
    thickness_A: float


@dataclass(frozen=True, eq=False)
class Film:
    """places_A: (n, 3), x, y and depth below the surface [Å], in [0, thickness_A]; numbers: int64 (n,).

    cut: where it comes from in a library; None where it was drawn for one scene. contact_A: the least distance
        from its atoms to those of a particle [Å].
    """

    places_A: NDArray[np.float64]
    numbers: NDArray[np.int64]
    thickness_A: float
    cut: BlockCut | None = None
    contact_A: float = CONTACT_A


def draw_film(support: Support | None, field_A: float, seed: int, library: int) -> Film:
    """The film of one scene, in a field [Å] that is periodic in x and y.

    seed: of the scene; library: of the blocks, used where the support has `blocks`.
    Raises UserError where a sheet of graphene does not close in the field.
    """
    if support is None:
        return Film(np.empty((0, 3)), np.empty(0, dtype=np.int64), 0.0)
    rng = random_stream(seed, "support")
    if isinstance(support, Graphene):
        places_A = draw_graphene(support, field_A, rng)
        depth_A = float(places_A[:, 2].max())
        numbers = np.full(len(places_A), _CARBON, dtype=np.int64)
        return Film(places_A, numbers, depth_A, contact_A=CONTACT_ON_GRAPHENE_A)
    thickness_A = nm_to_A(rng.uniform(*support.thickness_nm))
    if support.blocks is None:
        fresh = _amorphous(support, field_A, thickness_A, rng)
        return Film(fresh.places_A, fresh.numbers, thickness_A)
    block = library_block(support, field_A, library, int(rng.integers(support.blocks)))
    y, x = rng.integers(SHIFT_STEPS, size=2).tolist()
    return _film_of(BlockCut(block, (y, x), bool(rng.integers(2)), thickness_A))


def library_block(support: Amorphous, field_A: float, library: int, index: int) -> Block:
    """Block number `index` of the library with this seed."""
    return Block(support, field_A, seed_for(library, "block", index))


@lru_cache(maxsize=_BLOCKS_IN_MEMORY)
def block_atoms(block: Block) -> BlockAtoms:
    """The atoms of a block in order of depth, of the greatest thickness of its support.

    They are the same for equal blocks, bit for bit.
    """
    thickest_A = nm_to_A(block.support.thickness_nm[1])
    drawn = _amorphous(block.support, block.field_A, thickest_A, random_stream(block.seed, "block"))
    order = drawn.places_A[:, 2].argsort(kind="stable")
    atoms = BlockAtoms(drawn.places_A[order], drawn.numbers[order])
    for array in (atoms.places_A, atoms.numbers):
        array.setflags(write=False)
    return atoms


def placed_atoms(placement: BlockPlacement) -> BlockAtoms:
    """The atoms that a scene takes of a block, places x, y, z in the scene's box [Å], in the order of z."""
    film = _film_of(BlockCut(placement.block, placement.steps_yx, placement.mirrored, placement.thickness_A))
    places_A = film.places_A
    towards = 1 if placement.along_beam else -1
    places_A[:, 2] = placement.surface_z_A + places_A[:, 2] * towards
    return BlockAtoms(places_A[::towards], film.numbers[::towards])


def _film_of(cut: BlockCut) -> Film:
    atoms, field_A = block_atoms(cut.block), cut.block.field_A
    kept = atoms.places_A[:, 2] < cut.thickness_A
    places_A = atoms.places_A[kept]
    shift_A = np.array(cut.steps_yx[::-1]) * (field_A / SHIFT_STEPS)
    places_A[:, :2] = wrapped(places_A[:, :2] * [-1.0 if cut.mirrored else 1.0, 1.0] + shift_A, field_A)
    return Film(places_A, atoms.numbers[kept], cut.thickness_A, cut)


def _amorphous(
    support: Amorphous, field_A: float, thickness_A: float, rng: np.random.Generator
) -> BlockAtoms:
    places_A = draw_packing(support, field_A, thickness_A, rng)
    if isinstance(support, AmorphousCarbon):
        if support.relaxed:
            size_A = np.array([field_A, field_A, thickness_A])
            places_A = relaxed_carbon(places_A, size_A, rng)
        return BlockAtoms(places_A, np.full(len(places_A), _CARBON, dtype=np.int64))
    numbers = np.where(np.arange(len(places_A)) < round(3 / 7 * len(places_A)), _SILICON, _NITROGEN)
    return BlockAtoms(places_A, rng.permutation(numbers))
