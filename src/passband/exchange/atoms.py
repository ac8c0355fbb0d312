"""Atoms from the files of other programs, brought into a field that a simulation can fill with pixels.

Three kinds of file are told apart. One with the arrays that ``structure.exchange.to_ase`` writes, or with a
right-angled cell that is periodic and at least 2 nm wide, is taken as it stands. A smaller or an oblique periodic
cell is a unit cell: it is repeated along a zone axis until it fills a field. Atoms without periodicity are a particle:
they are set in the middle of an empty field.
"""

from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Annotated, Final

import ase
import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from passband.errors import UserError
from passband.exchange.atom_distances import check_distances
from passband.exchange.atom_files import only_structure
from passband.exchange.crystal_slab import Floats, SlabSize, crystal_slab
from passband.records import Record
from passband.structure.atoms import Atoms, Role, joined, particle_atoms
from passband.structure.cell import UnitCell
from passband.structure.exchange import from_ase
from passband.structure.periodic import wrapped
from passband.units import A_to_nm, nm_to_A

SMALLEST_FIELD_A: Final = 20.0
"""A periodic cell narrower than this is taken for a unit cell. Ours: detail is delocalised by nanometres."""

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def _element(symbol: str) -> str:
    if atomic_numbers.get(symbol, 0) < 1:
        raise ValueError(f"'{symbol}' is not the symbol of an element")
    return symbol


Size_nm = Annotated[float, Field(gt=0, le=500)]


class AtomsOptions(Record):
    """How atoms of a file become a scene; every length is a minimum, in nm.

    field_nm: side of the field that a unit cell or a particle gets; needed for a unit cell. None: a particle gets
        itself plus vacuum_nm on each side.
    thickness_nm: along the beam, for a unit cell; None: one repeat. zone_axis: [u v w] along the beam, for a unit cell.
    vacuum_nm: around a particle, on each side.
    pixel_A: the field becomes an even whole number of such pixels; give a multiple of every pixel of the simulation.
    support_elements, support_tag: elements, or ASE's tag, of the atoms that are the support; all others are particle 0.
    """

    field_nm: Size_nm | None = None
    thickness_nm: Size_nm | None = None
    zone_axis: tuple[int, int, int] = (0, 0, 1)
    vacuum_nm: Annotated[float, Field(ge=0, le=100)] = 2.0
    pixel_A: Annotated[float, Field(gt=0, le=10)] = 0.4
    support_elements: tuple[Annotated[str, AfterValidator(_element)], ...] = ()
    support_tag: int | None = None


@dataclass(frozen=True)
class PlacedAtoms:
    """Atoms of a file, and a sentence on what was done to them.

    is_foreign_field: the field is that of somebody else's file; with field_nm it would be filled anew, to whole pixels.
    """

    atoms: Atoms
    told: str
    is_foreign_field: bool = False


def load_atoms(path: Path, options: AtomsOptions = AtomsOptions()) -> Atoms:  # noqa: B008 - frozen
    """Atoms of a file as a scene. Raises UserError as `place_atoms` does."""
    return place_atoms(path, options).atoms


def place_atoms(path: Path, options: AtomsOptions = AtomsOptions()) -> PlacedAtoms:  # noqa: B008 - frozen
    """Atoms of a file as a scene, and what was done: repeated, strained, set in vacuum, or taken as they are.

    Raises UserError for a format that is not in FORMATS, a file that is missing, damaged, too large or empty, partly
    occupied sites, atoms nearer to each other than any bond, more than one structure, or where the options do not fit
    what the file holds.
    """
    return place_structure(only_structure(path), options, path.name)


def place_structure(
    found: ase.Atoms,
    options: AtomsOptions = AtomsOptions(),  # noqa: B008 - frozen
    name: str = "atoms",
) -> PlacedAtoms:
    """ASE atoms as a scene, as `place_atoms` does it; name: what errors call them."""
    check_distances(found, name)
    is_scene = found.has("role") and found.has("particle")
    is_periodic = bool(found.pbc[:2].all()) and abs(found.cell.volume) > 1e-6
    as_unit_cell = (options.field_nm, options.thickness_nm, options.zone_axis) != (None, None, (0, 0, 1))
    tells_support = bool(options.support_elements) or options.support_tag is not None
    if is_scene and (as_unit_cell or tells_support):
        raise UserError(
            f"{name} is a scene of passband, with field and support; leave out what would change them"
        )
    if is_scene:
        return PlacedAtoms(from_ase(found), f"{name}: {len(found)} atoms, as they are")
    if not is_periodic:
        return _in_vacuum(found, options, name)
    if not as_unit_cell and _is_right_angled(found) and min(found.cell.lengths()[:2]) >= SMALLEST_FIELD_A:
        return PlacedAtoms(_as_is(found, options, name), f"{name}: {len(found)} atoms, as they are", True)
    if options.field_nm is None:
        a_nm, b_nm = (A_to_nm(float(length)) for length in found.cell.lengths()[:2])
        raise UserError(
            f"{name} holds a unit cell ({a_nm:.2f} x {b_nm:.2f} nm); give field_nm, the side of the field to fill"
        )
    return _filled(found, options, name)


def _filled(found: ase.Atoms, options: AtomsOptions, name: str) -> PlacedAtoms:
    """A unit cell, repeated until it fills the field."""
    if options.support_tag is not None:
        raise UserError(f"{name}: support_tag is lost when a unit cell is repeated; use support_elements")
    places = np.asarray(found.get_scaled_positions(wrap=False), dtype=np.float64)
    places = wrapped(places - (0 if found.pbc[2] else np.array([0, 0, places[:, 2].min()])), 1.0)
    cell = UnitCell(np.asarray(found.cell.array), places, np.asarray(found.numbers, dtype=np.int64))
    size = SlabSize(nm_to_A(options.field_nm or 0.0), nm_to_A(options.thickness_nm or 0.0), options.pixel_A)
    slab = crystal_slab(cell, options.zone_axis, size, name)
    u, v, w = options.zone_axis
    x_nm, y_nm, z_nm = (A_to_nm(side) for side in slab.box_A)
    told = (
        f"{name}: the unit cell along [{u} {v} {w}], repeated to {x_nm:.3f} x {y_nm:.3f} nm and {z_nm:.2f} nm thick, "
        f"{len(slab.numbers)} atoms, strained by {100 * slab.strain:.2g} %"
    )
    is_support = _is_support(slab.numbers, None, options, name)
    return PlacedAtoms(_with_roles(slab.positions_A, slab.numbers, slab.box_A, is_support), told)


def _in_vacuum(found: ase.Atoms, options: AtomsOptions, name: str) -> PlacedAtoms:
    """A particle, set in the middle of an empty field."""
    if options.thickness_nm is not None or options.zone_axis != (0, 0, 1):
        raise UserError(f"{name} has no periodic cell; thickness_nm and zone_axis are for one")
    low_A, high_A = found.positions.min(0), found.positions.max(0)
    content_A = high_A - low_A
    if options.field_nm is None:
        wanted_A = content_A[:2] + 2 * nm_to_A(options.vacuum_nm)
    else:
        wanted_A = np.full(2, nm_to_A(options.field_nm))
    even_A = 2 * options.pixel_A
    x_A, y_A = (even_A * max(1, ceil(float(side) / even_A - 1e-9)) for side in wanted_A)
    if min(x_A - content_A[0], y_A - content_A[1]) < 0:
        raise UserError(
            f"{name}: the atoms are {A_to_nm(float(content_A[:2].max())):.2f} nm wide and do not fit a field_nm of "
            f"{options.field_nm:g}; give a larger one"
        )
    box_A = (x_A, y_A, float(content_A[2]))
    shift_A = np.array([(x_A - content_A[0]) / 2, (y_A - content_A[1]) / 2, 0.0]) - low_A
    told = f"{name}: {len(found)} atoms in the middle of an empty field of {A_to_nm(x_A):.3f} x {A_to_nm(y_A):.3f} nm"
    is_support = _is_support(found.numbers, _tags(found), options, name)
    return PlacedAtoms(_with_roles(found.positions + shift_A, found.numbers, box_A, is_support), told)


def _as_is(found: ase.Atoms, options: AtomsOptions, name: str) -> Atoms:
    """A field that is there already; along the beam, a periodic cell is wrapped and another one cut to its atoms."""
    x_A, y_A, z_A = (float(length) for length in found.cell.lengths())
    positions_A = np.array(found.positions, dtype=np.float64)
    positions_A[:, :2] = wrapped(positions_A[:, :2], np.array([x_A, y_A]))
    if found.pbc[2]:
        positions_A[:, 2] = wrapped(positions_A[:, 2], z_A)
    else:
        positions_A[:, 2] -= positions_A[:, 2].min()
        z_A = float(positions_A[:, 2].max())
    is_support = _is_support(found.numbers, _tags(found), options, name)
    return _with_roles(positions_A, found.numbers, (x_A, y_A, z_A), is_support)


def _with_roles(
    positions_A: Floats, numbers: Integers, box_A: tuple[float, float, float], is_support: Flags
) -> Atoms:
    """Everything is particle 0 but the support; in the order in which the beam meets it."""
    content = particle_atoms(np.asarray(positions_A, np.float64), np.asarray(numbers, np.int64), 0, box_A)
    roles = np.where(is_support, Role.SUPPORT, Role.PARTICLE).astype(np.int8)
    return joined(
        [replace(content, roles=roles, particle=np.where(is_support, -1, 0).astype(np.int16))], box_A
    )


def _is_support(numbers: Integers, tags: Integers | None, options: AtomsOptions, name: str) -> Flags:
    """Which atoms (n,) the options call the support."""
    chosen = np.isin(numbers, [atomic_numbers[symbol] for symbol in options.support_elements])
    missing = [s for s in options.support_elements if atomic_numbers[s] not in numbers]
    if missing:
        raise UserError(f"{name} has no {missing[0]}, which support_elements names")
    if options.support_tag is not None:
        if tags is None or options.support_tag not in tags:
            raise UserError(f"{name} has no atom with the tag {options.support_tag}, which support_tag names")
        chosen |= tags == options.support_tag
    if chosen.all():
        raise UserError(
            f"{name}: all its atoms would be the support (--support), and no particle is left; name fewer"
        )
    return np.asarray(chosen)


def _tags(found: ase.Atoms) -> Integers | None:
    return np.asarray(found.get_tags()) if found.has("tags") else None


def _is_right_angled(found: ase.Atoms) -> bool:
    return bool(np.allclose(found.cell.array, np.diag(found.cell.lengths()), atol=1e-6))
