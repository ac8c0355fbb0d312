"""What the exit waves of a study cost: a cost model fitted to measured runs, a worker's memory, and what is shared.

    python benchmarks/waves_cost.py [--quick]

Model, CPU seconds of one scene (both waves) in one thread:

    t = configurations · (a · crossings · N log2 N + b · atoms) + c,      N pixels,

with a, b, c >= 0 fitted to runs of different pixels, slices, thicknesses and frozen phonons, each run's error relative
to its time. Crossings are the propagations between planes, counted in the run. From the model: 1,000 scenes of the
published CdSe series (12.8 nm, 0.1 Å, 8 frozen phonons, slices of 3 Å, which are ours) on two cores. One scene of that
size is run and compared with the model. The last line is JSON.

No GPU was at hand. What is printed for one is a bound from the bytes that the FFTs must move, not a measurement.
"""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from time import process_time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from scipy.optimize import nnls

from passband.scattering import beam
from passband.scattering.blocks import LIBRARY
from passband.scattering.simulate import lattice_of, scene_waves
from passband.scattering.slicing import Lattice, shared_slices
from passband.scattering.spec import SimulationSpec
from passband.structure.atoms import Atoms, Role
from passband.structure.distribution import AmorphousCarbon, SceneDistribution
from passband.structure.scene import draw_scene

PUBLISHED = SimulationSpec(sampling_A=0.1, stored_sampling_A=0.2, frozen_phonons=8)
PUBLISHED_FIELD_NM = 12.8
SCENES = 1000
BYTES_PER_SAMPLE = 8
PASSES_PER_FFT = 4
"""Of a two-dimensional FFT on a GPU: along each axis every sample is read once and written once."""


@dataclass(frozen=True)
class Run:
    """A measured scene: crossings of one configuration, pixels, atoms, configurations, CPU seconds."""

    crossings: int
    pixels: int
    atoms: int
    configurations: int
    seconds: float

    @property
    def terms(self) -> tuple[float, float, float]:
        """What a, b and c are multiplied with."""
        transforms = self.crossings * self.pixels * np.log2(self.pixels)
        return self.configurations * transforms, float(self.configurations * self.atoms), 1.0


def scene(field_nm: float, thickness_nm: tuple[float, float], seed: int, blocks: int | None = 1) -> Atoms:
    return draw_scene(
        SceneDistribution(
            field_nm=field_nm, support=AmorphousCarbon(thickness_nm=thickness_nm, blocks=blocks)
        ),
        seed,
    )


def measured(atoms: Atoms, spec: SimulationSpec) -> Run:
    """The second run of a scene, whose block, if it has one, is kept from the first."""
    crossings = 0
    plain = beam.propagated

    def counted(*given: object) -> object:
        nonlocal crossings
        crossings += 1
        return plain(*given)

    beam.propagated = counted
    try:
        start = process_time()
        wave = scene_waves(atoms, spec, seed=0).full
        seconds = process_time() - start
    finally:
        beam.propagated = plain
    configurations = len(wave.field)
    pixels = round(atoms.cell_A[0] / spec.sampling_A) ** 2
    return Run(crossings // configurations, pixels, len(atoms), configurations, seconds)


def runs(quick: bool) -> list[Run]:
    thin, thick = (scene(10.24, (t, t), seed) for seed, t in enumerate((2.0, 8.0)))
    wide = scene(PUBLISHED_FIELD_NM, (5.0, 5.0), 2)
    vacuum = thick.only(Role.PARTICLE)
    settings = [
        (thin, 0.2, 3.0, 1),
        (thick, 0.2, 3.0, 1),
        (thick, 0.2, 2.0, 1),
        (vacuum, 0.2, 3.0, 2),
        (thick, 0.16, 4.0, 1),
        (thin, 0.4 / 3, 3.0, 2),
        (vacuum, 0.1, 3.0, 1),
        (wide, 0.2, 3.0, 2),
        (thick, 0.1, 3.0, 1),
        (wide, 0.1, 3.0, 1),
    ]
    done = []
    for atoms, sampling_A, slice_A, phonons in settings[: 6 if quick else None]:
        spec = SimulationSpec(
            sampling_A=sampling_A, slice_thickness_A=slice_A, stored_sampling_A=0.4, frozen_phonons=phonons
        )
        scene_waves(atoms, spec.model_copy(update={"frozen_phonons": 1}), seed=0)
        done.append(measured(atoms, spec))
        print(
            f"  {round(done[-1].pixels ** 0.5):5d} px, {done[-1].crossings:3d} crossings, {len(atoms):6d} atoms, "
            f"{phonons} configurations: {done[-1].seconds:6.2f} s",
            flush=True,
        )
    return done


def fitted(done: list[Run]) -> tuple[np.ndarray, float]:
    """a, b, c, and the root mean square of the relative errors [%]."""
    terms = np.array([np.array(run.terms) / run.seconds for run in done])
    scale = terms.max(axis=0)
    coefficients, _ = nnls(terms / scale, np.ones(len(done)))
    coefficients /= scale
    return coefficients, float(100 * np.sqrt(np.mean((terms @ coefficients - 1) ** 2)))


def published_scenes(count: int) -> tuple[Run, float]:
    """The mean scene of the published series, without a time; and the CPU seconds of drawing one."""
    start = process_time()
    scenes = [scene(PUBLISHED_FIELD_NM, (2.0, 8.0), seed, blocks=4) for seed in range(count)]
    drawing = (process_time() - start) / count
    gap_A = PUBLISHED.slice_thickness_A
    crossings = round(np.mean([planes(atoms, lattice_of(atoms, gap_A))[0] for atoms in scenes]))
    pixels = round(10 * PUBLISHED_FIELD_NM / PUBLISHED.sampling_A) ** 2
    return Run(
        crossings, pixels, round(np.mean([len(atoms) for atoms in scenes])), PUBLISHED.frozen_phonons, 0.0
    ), drawing


def planes(atoms: Atoms, lattice: Lattice) -> tuple[int, int, int]:
    """Crossings of both waves on one lattice; of two passes, where one would not do; planes that hold both kinds.

    Without a kept block: that has up to two more planes behind the last atom of the film, where it is cut.
    """
    z_A, is_particle = atoms.positions_A[:, 2], atoms.roles == Role.PARTICLE
    particles, support = (
        set(shared_slices(z_A[chosen], lattice).planes().tolist()) for chosen in (is_particle, ~is_particle)
    )
    own = [plane for plane in particles if plane > min(support)]
    together = len(particles | support) - 1
    one_pass_suffices = z_A[is_particle].max() <= z_A[~is_particle].min()
    return (
        together + len(own),
        together + (0 if one_pass_suffices else len(particles) - 1),
        len(particles & support),
    )


def sharing(count: int) -> tuple[float, float]:
    """Share of scenes of the demo whose particles reach into the film, and crossings saved by one lattice [%].

    Against planes from the first particle atom, and a second pass where particles reach into the film.
    """
    spec, rows = SimulationSpec(), []
    for seed in range(count):
        atoms = scene(10.24, (2.0, 8.0), seed, blocks=4)
        one, two, both = planes(atoms, lattice_of(atoms, spec.slice_thickness_A))
        first_A = float(atoms.positions_A[atoms.roles == Role.PARTICLE, 2].min())
        passes = planes(atoms, Lattice(first_A, spec.slice_thickness_A))[1]
        rows.append((two > one, both, one, measured(atoms, spec).crossings, passes))
    overlapping, both, one, run, passes = np.mean(rows, axis=0).tolist()
    print(
        f"{count} scenes of the demo: in {100 * overlapping:.0f} % particles reach into the film; {both:.1f} planes "
        f"of 3 Å hold both kinds on average; crossings of a scene: {run:.1f} with a kept block, {one:.1f} without, "
        f"{passes:.1f} from the first particle atom, with a second pass where they reach into the film"
    )
    return 100 * overlapping, 100 * (1 - run / passes)


def memory_MB(after: tuple[int, ...]) -> tuple[list[float], list[float]]:
    """Resident memory of this process after so many scenes of the demo, and how much of it are kept blocks, of four."""
    resident, kept = [], []
    for number in range(1, max(after) + 1):
        scene_waves(scene(10.24, (2.0, 8.0), number, blocks=4), SimulationSpec(), seed=0)
        if number in after:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            resident.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
            kept.append(LIBRARY.nbytes / 2**20)
            print(
                f"memory after {number:2d} scenes: {resident[-1]:.0f} MB, of it {kept[-1]:.0f} MB in kept blocks"
            )
    return resident, kept


def gpu_seconds_per_TB_per_s(typical: Run) -> float:
    """Least seconds of one scene at a memory bandwidth of 1 TB/s, from the FFTs of propagation and potential alone."""
    ffts = (
        2 * typical.crossings + 2.5 * typical.crossings
    )  # two elements and the way back, for each pair of planes
    moved = ffts * PASSES_PER_FFT * BYTES_PER_SAMPLE * typical.pixels * typical.configurations
    return moved / 1e12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer and smaller runs: about 20 s")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    after = (1, 5, 10) if quick else (1, 5, 20, 60)
    memory, kept = memory_MB(after)
    overlapping, saved = sharing(10 if quick else 50)
    print("CPU seconds of a scene:")
    done = runs(quick)
    (a, b, c), residual = fitted(done)
    print(
        f"a = {a:.3g} s, b = {b:.3g} s per atom, c = {c:.3g} s; residual {residual:.1f} % (rms of {len(done)} runs)"
    )
    typical, drawing = published_scenes(3 if quick else 10)
    predicted = float(np.dot(typical.terms, (a, b, c))) + drawing
    hours = SCENES * predicted / 2 / 3600
    print(
        f"published CdSe scene: {typical.crossings} crossings of {round(typical.pixels**0.5)} px, "
        f"{typical.atoms} atoms, 8 configurations: {predicted:.1f} s, of it {drawing:.2f} s to draw it; "
        f"{SCENES} on two cores: {hours:.2f} h"
    )
    gpu = gpu_seconds_per_TB_per_s(typical)
    print(
        f"GPU, not measured: at least {gpu:.3f} s a scene for each TB/s of memory bandwidth, and the drawing beside it"
    )
    figures = {
        "residual_percent": residual,
        "published_scene_s": predicted,
        "published_1000_scenes_2_cores_h": hours,
        "overlapping_scenes_percent": overlapping,
        "crossings_saved_percent": saved,
        "memory_MB": [round(one) for one in memory],
        "of_it_in_kept_blocks_MB": [round(one) for one in kept],
    }
    if not quick:
        check = measured(scene(PUBLISHED_FIELD_NM, (5.0, 5.0), 7), PUBLISHED)
        figures["published_scene_measured_s"] = check.seconds
        expected = float(np.dot(check.terms, (a, b, c)))
        print(f"one scene of that size: {check.seconds:.1f} s measured, {expected:.1f} s from the model")
    print(json.dumps({k: v if isinstance(v, list) else float(f"{v:.3g}") for k, v in figures.items()}))


if __name__ == "__main__":
    main()
