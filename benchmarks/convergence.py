"""Which error of the image each pixel size and slice thickness costs, for six materials.

    python benchmarks/convergence.py [--quick] [--write]

Specimens: a sphere of 4 nm in vacuum, and a carbon film of 4 nm, in a field of 5.76 nm, with Debye-Waller factors; of
each crystal two random orientations (their mean is told) and two zone axes (the worse is told). Images at +5 and
-5 nm defocus (the worse is told), focal spread 1 nm. Errors: rms difference over rms contrast, on stored pixels of
0.4 Å (0.48 Å for pixels of 0.3 Å). Pixels, with slices of 2 Å, are held against 0.0667 Å; slices, with pixels of
0.1 Å, against 0.5 Å. `--write` replaces src/passband/accuracy/known_table.py, which `passband run` warns by.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from passband.accuracy.deviation import image_error
from passband.fourier import resample
from passband.imaging.condition import symmetric_condition
from passband.imaging.image import intensity
from passband.scattering.simulate import scene_waves
from passband.scattering.spec import SimulationSpec
from passband.seeds import random_stream
from passband.structure.atoms import Atoms, Role, particle_atoms
from passband.structure.cell import unit_cell
from passband.structure.crystals import CRYSTALS, Crystal
from passband.structure.distribution import AmorphousCarbon, ParticleDistribution, SceneDistribution
from passband.structure.scene import draw_scene
from passband.units import kV_to_eV

FIELD_A, DIAMETER_A = 57.6, 40.0
PIXELS_A = (0.3, 4 / 15, 0.24, 0.2, 0.16, 2 / 15, 0.1)
SLICES_A = (8.0, 6.0, 4.0, 3.0, 2.0, 1.0)
FINEST_PIXEL_A, FINEST_SLICE_A = 1 / 15, 0.5
ENERGIES_KV = (300.0, 80.0)
DEFOCI_A = (50.0, -50.0)
GOLD = Crystal(
    name="Au",
    spacegroup=225,
    a=4.0782,
    b=4.0782,
    c=4.0782,
    sites=(("Au", (0.0, 0.0, 0.0)),),
    source="CRC Handbook",
)
ZONES = {"CdSe": ((0, 0, 1), (1, 0, 0)), "Au": ((1, 0, 0), (1, 1, 0))}
MATERIALS = {"the carbon film": 6, "Si": 14, "Fe3O4": 26, "Ag": 47, "CdSe": 48, "Au": 79}
"""Each with the atomic number of its heaviest element."""
TABLE = Path(__file__).parents[1] / "src" / "passband" / "accuracy" / "known_table.py"


def sphere(crystal: Crystal, turn: NDArray[np.float64]) -> Atoms:
    """A sphere of the crystal in the middle of the field, turned by a rotation (3, 3)."""
    cell = unit_cell(crystal)
    reach = int(np.ceil(DIAMETER_A / np.linalg.norm(cell.vectors_A, axis=1).min())) + 1
    steps = np.stack(np.meshgrid(*3 * [np.arange(-reach, reach + 1)], indexing="ij"), axis=-1).reshape(-1, 3)
    places = ((cell.fractional[:, None] + steps).reshape(-1, 3) @ cell.vectors_A) - cell.vectors_A.sum(
        0
    ) * 0.19
    numbers = np.repeat(cell.numbers, len(steps))
    inside = np.linalg.norm(places, axis=1) < DIAMETER_A / 2
    turned = places[inside] @ turn.T
    turned += [FIELD_A / 2, FIELD_A / 2, -turned[:, 2].min()]
    return particle_atoms(turned, numbers[inside], 0, (FIELD_A, FIELD_A, float(turned[:, 2].max())))


def along_beam(crystal: Crystal, zone: tuple[int, int, int]) -> NDArray[np.float64]:
    """The rotation that puts a zone axis along z, and then turns by 10° about it, off the axes of the pixels."""
    axis = np.array(zone) @ unit_cell(crystal).vectors_A
    up = Rotation.align_vectors([[0.0, 0.0, 1.0]], [axis / np.linalg.norm(axis)])[0]
    return np.asarray((Rotation.from_euler("z", 10, degrees=True) * up).as_matrix())


def film() -> Atoms:
    """The carbon of a scene whose particle is left out."""
    thickness_nm = DIAMETER_A / 10
    scenes = SceneDistribution(
        field_nm=FIELD_A / 10,
        particles=ParticleDistribution(diameter_nm=(1.0, 1.0), count=(1, 1), stacking_faults=(0, 0)),
        support=AmorphousCarbon(thickness_nm=(thickness_nm, thickness_nm)),
    )
    return draw_scene(scenes, 0).only(Role.SUPPORT)


def specimens(material: str, orientation: str, count: int) -> list[Atoms]:
    if material == "the carbon film":
        return [film()]
    crystal = GOLD if material == "Au" else CRYSTALS[material]
    if orientation == "random":
        rng = random_stream(0, "orientation", material)
        return [sphere(crystal, Rotation.random(None, rng).as_matrix()) for _ in range(count)]
    zones = ZONES.get(material, ZONES["Au"])[:count]
    return [sphere(crystal, along_beam(crystal, zone)) for zone in zones]


def images(atoms: Atoms, energy_kV: float, sampling_A: float, slice_A: float) -> dict[int, torch.Tensor]:
    """Images (2, n, n) at both defoci, by the number of stored pixels per side."""
    spec = SimulationSpec(
        energy_kV=energy_kV,
        sampling_A=sampling_A,
        slice_thickness_A=slice_A,
        stored_sampling_A=0.48 if sampling_A > 0.27 else 0.4,
    )
    wave = scene_waves(atoms, spec, 0).full
    C10_A = torch.tensor([-defocus for defocus in DEFOCI_A], dtype=torch.float64)
    condition = symmetric_condition(kV_to_eV(energy_kV), C10_A, focal_spread_A=10.0)
    formed = intensity(wave, condition)
    return {n: resample(formed, (n, n)) for n in (120, 144) if n <= formed.shape[-1]}


def worst(found: dict[int, torch.Tensor], better: dict[int, torch.Tensor]) -> float:
    n = max(found)
    return max(image_error(one, true) for one, true in zip(found[n], better[n], strict=True))


def errors(atoms: Atoms, energy_kV: float, quick: bool) -> tuple[dict[float, float], dict[float, float]]:
    """Image errors by pixel size and by slice thickness."""
    pixels_A, slices_A = (PIXELS_A[3:4], SLICES_A[3:4]) if quick else (PIXELS_A, SLICES_A)
    best = images(atoms, energy_kV, FINEST_PIXEL_A, 2.0)
    by_pixel = {p: worst(images(atoms, energy_kV, p, 2.0), best) for p in pixels_A}
    best = images(atoms, energy_kV, 0.1, FINEST_SLICE_A)
    return by_pixel, {s: worst(images(atoms, energy_kV, 0.1, s), best) for s in slices_A}


def row(material: str, orientation: str, energy_kV: float, quick: bool) -> dict[str, tuple[float, ...]]:
    found = [errors(atoms, energy_kV, quick) for atoms in specimens(material, orientation, 1 if quick else 2)]
    told = np.max if orientation == "zone axis" else np.mean

    def over_specimens(which: int) -> tuple[float, ...]:
        steps = found[0][which]
        return tuple(float(f"{told([each[which][h] for each in found]):.2g}") for h in steps)

    return {"pixels": over_specimens(0), "slices": over_specimens(1)}


def table_text(rows: list[str], command: str) -> str:
    day = datetime.now(UTC).date().isoformat()
    return (
        '"""Image errors of six materials by pixel size and slice thickness: data, written by a program.\n\n'
        f"{command}, {day}. What was simulated and compared stands in that file.\n"
        'The references have pixels of 0.0667 Å or slices of 0.5 Å: errors near those are underestimated.\n"""\n\n'
        "from typing import Final, Literal, NamedTuple\n\n"
        f"PIXELS_A: Final = {tuple(round(each, 4) for each in PIXELS_A)}\n"
        f"SLICES_A: Final = {SLICES_A}\n\n\n"
        "class Row(NamedTuple):\n"
        '    """A material by the atomic number of its heaviest element; errors as shares of the contrast."""\n\n'
        "    material: str\n    heaviest: int\n"
        '    orientation: Literal["film", "random", "zone axis"]\n    energy_kV: float\n'
        "    pixels: tuple[float, ...]\n    slices: tuple[float, ...]\n\n\n"
        "# fmt: off\nROWS: Final = (\n" + "".join(rows) + ")\n# fmt: on\n"
        '"""Errors in the order of PIXELS_A, with slices of 2 Å, and of SLICES_A, with pixels of 0.1 Å."""\n'
    )


def main(quick: bool, write: bool) -> None:
    torch.set_num_threads(1)
    started = process_time()
    materials = ("the carbon film", "CdSe", "Au") if quick else tuple(MATERIALS)
    rows, figures = [], {}
    for energy_kV in ENERGIES_KV[: 1 if quick else 2]:
        for material in materials:
            for orientation in ("film",) if material == "the carbon film" else ("random", "zone axis"):
                told = row(material, orientation, energy_kV, quick)
                print(f"{energy_kV:g} kV {material:15s} {orientation:9s} {told}", flush=True)
                first = f'    Row("{material}", {MATERIALS[material]}, "{orientation}", {energy_kV},\n'
                rows.append(first + f"        {told['pixels']},\n        {told['slices']}),\n")
                at_02 = told["pixels"][0 if quick else PIXELS_A.index(0.2)]
                figures[f"{material} {orientation} {energy_kV:g} kV at 0.2 Å, percent"] = round(
                    100 * at_02, 2
                )
    if write and not quick:
        TABLE.write_text(table_text(rows, "python benchmarks/convergence.py --write"), encoding="utf-8")
    print(json.dumps(figures | {"cpu_seconds": round(process_time() - started)}, ensure_ascii=False))


if __name__ == "__main__":
    main("--quick" in sys.argv[1:], "--write" in sys.argv[1:])
