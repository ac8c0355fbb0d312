"""The data set of the benchmark: simulated once, imaged alike in every process."""

import multiprocessing
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from passband.data.batches import exposed_batch
from passband.data.pool import ImagePool, form_pool
from passband.evaluation.scores import KnownImages, Truth, truth
from passband.grid import Grid
from passband.imaging.focus import refer_to_minimum_contrast
from passband.imaging.mask import particle_mask
from passband.networks.spec import COMPACT
from passband.scattering.simulate import scene_waves
from passband.seeds import seed_for
from passband.structure.scene import draw_scene
from passband.study.catalogue import demo
from passband.study.catalogue.defocus import defocus_name
from passband.wave import ExitWave, SceneWaves

SCENES = {"training": 36, "validation": 6, "test": 16}
STUDY = demo()


def simulate(task: tuple[str, int]) -> tuple[np.ndarray, float, np.ndarray]:
    """Full wave, its offset to the plane of zero defocus, and the mask, of one scene."""
    torch.set_num_threads(1)
    seed = seed_for(STUDY.seed, "benchmark", *task)
    scenes = STUDY.structures["CdSe"].scenes
    waves = refer_to_minimum_contrast(scene_waves(draw_scene(scenes, seed), STUDY.simulation, seed))
    mask = particle_mask(waves.particles, STUDY.mask.preset, STUDY.mask.blur_A)
    return waves.full.field.numpy(), waves.full.focus_offset_A, mask.numpy()


def store_waves(folder: Path, processes: int, quick: bool) -> None:
    """Simulate all scenes, unless the folder has them."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "test_masks.npy").exists():
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes) as pool, Progress() as progress:
        for split, count in SCENES.items():
            tasks = [(split, index) for index in range(count // 2 if quick else count)]
            bar = progress.add_task(f"simulating: {split}", total=len(tasks))
            scenes = []
            for scene in pool.imap(simulate, tasks):
                scenes.append(scene)
                progress.advance(bar)
            for name, values in zip(("fields", "offsets", "masks"), zip(*scenes, strict=True), strict=True):
                np.save(folder / f"{split}_{name}.npy", np.stack(values))


def pool_of(folder: Path, split: str, defocus_nm: int, per_structure: int) -> ImagePool:
    fields, offsets, masks = (
        np.load(folder / f"{split}_{name}.npy") for name in ("fields", "offsets", "masks")
    )
    grid = Grid(fields.shape[-2:], STUDY.simulation.stored_sampling_A)
    waves = [
        ExitWave(torch.from_numpy(field), grid, 300e3, float(offset))
        for field, offset in zip(fields, offsets, strict=True)
    ]
    scenes = [SceneWaves(full=wave, particles=wave) for wave in waves]
    imaging = STUDY.domains[defocus_name(defocus_nm)].imaging
    return form_pool(scenes, list(torch.from_numpy(masks)), imaging, per_structure, seed_for(1, split))


def test_images(folder: Path, defocus_nm: int, known: Truth | None) -> KnownImages:
    noise = torch.Generator().manual_seed(seed_for(1, "noise"))
    batch = exposed_batch(pool_of(folder, "test", defocus_nm, 1), noise)
    known = truth(batch.masks, COMPACT.input_sampling_A) if known is None else known
    return KnownImages(defocus_name(defocus_nm), batch.images, known)
