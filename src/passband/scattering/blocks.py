"""Support blocks: their transmissions, computed once for a whole block and used in every scene that holds it.

A block's planes follow its surface (plane k at depth k Δz), so they are the same in every scene. A scene is simulated
in the frame of its block, in which particles are shifted and mirrored back, and the waves are put in place at the end:
both are whole pixels. Where the scene's film ends, the atoms beyond are left out, and the few planes that had a share
of one of them are gathered anew. What a block gives is thus, to the rounding of float32, what its atoms in the scene
give on the same planes. Blocks are for atoms at rest: with frozen phonons no two films are alike.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.scattering.calculation import Calculation
from passband.scattering.multislice import PlaneTransmissions, plane_transmissions
from passband.scattering.potential import Layers
from passband.scattering.slicing import Lattice
from passband.structure.support import SHIFT_STEPS, Block, BlockPlacement, block_atoms

_BYTES_PER_SAMPLE = 8


@dataclass(frozen=True)
class BlockSpec:
    """What decides the transmissions of a block. thermal_A2: (atomic number, B [Å²]) of its elements."""

    block: Block
    gap_A: float
    thermal_A2: tuple[tuple[int, float], ...]
    calculation: Calculation


@dataclass(frozen=True, eq=False)
class BlockTransmissions:
    """A whole block in its own frame.

    layers: its atoms (one configuration) and slices, by depth below the surface.
    transmissions: complex64 (planes, ny, nx).
    """

    layers: Layers
    transmissions: Tensor

    @property
    def nbytes(self) -> int:
        """Memory of the large arrays."""
        slices = self.layers.slices
        return self.transmissions.nbytes + slices.first.nbytes + slices.share.nbytes


@dataclass(eq=False)
class BlockLibrary:
    """The blocks that were used last, within a number of bytes. It is a cache: what it holds changes no result."""

    _kept: OrderedDict[BlockSpec, BlockTransmissions] = field(default_factory=OrderedDict)

    def block(self, spec: BlockSpec, budget_bytes: int) -> BlockTransmissions:
        """A block, computed or kept; the others make room for it, the longest unused first."""
        if spec not in self._kept:
            self._kept[spec] = _whole_block(spec)
        self._kept.move_to_end(spec)
        while len(self._kept) > 1 and self.nbytes > budget_bytes:
            self._kept.popitem(last=False)
        return self._kept[spec]

    @property
    def nbytes(self) -> int:
        """Memory of the blocks that are kept."""
        return sum(block.nbytes for block in self._kept.values())


LIBRARY = BlockLibrary()
"""The blocks of this process."""


def can_be_kept(spec: BlockSpec, budget_bytes: int) -> bool:
    """Whether a block's shifts are whole pixels, and its transmissions fit into the budget."""
    ny, nx = spec.calculation.grid.shape
    thickest_A = float(block_atoms(spec.block).places_A[:, 2].max(initial=0.0))
    needed_bytes = _BYTES_PER_SAMPLE * ny * nx * (ceil(thickest_A / spec.gap_A) + 1)
    return ny % SHIFT_STEPS == 0 and nx % SHIFT_STEPS == 0 and needed_bytes <= budget_bytes


def film_transmissions(
    placement: BlockPlacement, whole: BlockTransmissions, calculation: Calculation
) -> PlaneTransmissions:
    """The planes of a scene's film as the beam meets them, numbered from the surface, in the frame of the block."""
    layers = whole.layers
    kept = block_atoms(placement.block).places_A[:, 2] < placement.thickness_A
    cut = np.intersect1d(layers.slices.planes(kept), layers.slices.planes(~kept))
    anew = dict(plane_transmissions(_some(layers, kept), calculation, cut)) if len(cut) else {}
    index = {plane: place for place, plane in enumerate(layers.slices.planes().tolist())}
    towards = 1 if placement.along_beam else -1
    for depth in layers.slices.planes(kept)[::towards].tolist():
        place = index[depth]
        yield towards * depth, anew[depth] if depth in anew else whole.transmissions[place : place + 1]


def in_block_frame(places_A: NDArray[np.float64], placement: BlockPlacement) -> NDArray[np.float64]:
    """x and y (..., 2) [Å] of a scene, in the frame of its block."""
    step_A = placement.block.field_A / SHIFT_STEPS
    shift_A = np.array(placement.steps_yx[::-1]) * step_A
    return (places_A - shift_A) * [-1.0 if placement.mirrored else 1.0, 1.0]


def in_scene_frame(field: Tensor, placement: BlockPlacement) -> Tensor:
    """A field (..., ny, nx) of the block's frame, mirrored (pixel i to -i) and shifted as the block in the scene."""
    rows, columns = (
        steps * pixels // SHIFT_STEPS
        for steps, pixels in zip(placement.steps_yx, field.shape[-2:], strict=True)
    )
    if placement.mirrored:
        field, columns = field.flip(-1), columns + 1
    return field.roll((rows, columns), (-2, -1))


def _whole_block(spec: BlockSpec) -> BlockTransmissions:
    atoms = block_atoms(spec.block)
    slices = spec.calculation.numerics.slicing(atoms.places_A[:, 2], Lattice(0.0, spec.gap_A))
    layers = Layers(atoms.places_A[None, :, :2], atoms.numbers, dict(spec.thermal_A2), slices)
    planes = [passed for _, passed in plane_transmissions(layers, spec.calculation)]
    return BlockTransmissions(layers, torch.cat(planes))


def _some(layers: Layers, atoms: NDArray[np.bool_]) -> Layers:
    """A mask of the atoms, on the planes where they are."""
    slices = replace(layers.slices, first=layers.slices.first[atoms], share=layers.slices.share[atoms])
    return replace(layers, places_A=layers.places_A[:, atoms], numbers=layers.numbers[atoms], slices=slices)
