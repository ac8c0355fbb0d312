"""What a worker does: named functions of a few small values. Each writes its artefact whole and returns a few bytes.

A task reads the study from its canonical JSON, so nothing but text and numbers travels. What several tasks of one
worker need (pools of images, above all the test images) is formed once per worker and kept.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from passband.data.batches import Batch, exposed_batch
from passband.data.pool import ImagePool, form_pool
from passband.evaluation.scores import score_images
from passband.imaging.focus import refer_to_minimum_contrast
from passband.imaging.mask import particle_mask
from passband.information.spectra import specimen_spectrum
from passband.information.weights import AREA, RADIAL, Weight, specimen_weight
from passband.networks.unet import build_network, parameter_count
from passband.scattering.simulate import scene_waves
from passband.seeds import seed_for
from passband.storage.arrays import are_intact, save_arrays
from passband.storage.run_folder import RunFolder
from passband.storage.tables import read_parts, save_part, save_table
from passband.storage.waves import load_waves, save_waves
from passband.storage.weights import has_network, load_network, save_network
from passband.structure.scene import draw_scene
from passband.study.examples import example_arrays, median_network, shown_domains
from passband.study.pairs import pair_table
from passband.study.plan import NetworkPlan, Scene, image_seed, network_plan, scenes
from passband.study.study import Split, Study
from passband.training.loop import TrainedNetwork, train_network
from passband.wave import SceneWaves


def simulate(root: str, study_json: str, structures: str, split: Split, index: int) -> dict[str, Any]:
    """Draw one scene, compute both waves, refer them to the minimum of contrast, and store them."""
    study, folder = study_of(study_json), RunFolder(Path(root))
    scene = scenes(study, structures, split)[index]
    path = folder.scene(scene.scene_id)
    if not are_intact(path):
        atoms = draw_scene(study.structures[structures].scenes, scene.seed)
        waves = refer_to_minimum_contrast(scene_waves(atoms, study.simulation, scene.seed))
        save_waves(path, waves, _told_of(study, scene, len(atoms)))
    return {}


def train_and_score(
    root: str, study_json: str, domain: str, learning_rate: float, start: int
) -> dict[str, Any]:
    """Train one network, unless it is there, and score it on every test domain of the study."""
    study, folder = study_of(study_json), RunFolder(Path(root))
    plan = network_plan(study, domain, learning_rate, start)
    path = folder.network(plan.network_id)
    network = build_network(study.network, seed_for(start, "start"))
    if not has_network(path):
        pools = training_pools(root, study_json, domain)
        trained = train_network(network, plan.card.training, *pools, seed=start)
        save_network(path, trained.state_dict, _told(plan, trained))
    stored = load_network(path)
    network.load_state_dict(stored.state)
    network.eval()
    parts = [_scores(network, root, study_json, test) for test in study.test_on]
    scores = pd.concat(parts, ignore_index=True)
    row = {"network_id": plan.network_id, "train_id": domain, "seed": start}
    save_part(folder.networks_table, plan.network_id, pd.DataFrame([row | _summary(network, stored.card)]))
    scores = scores.assign(network_id=plan.network_id, train_id=domain, seed=start)
    save_part(folder.scores, plan.part_id, scores)
    return {}


def measure(root: str, study_json: str) -> dict[str, Any]:
    """Measures and plain baselines of every pair of training and test domain, as one table."""
    study, folder = study_of(study_json), RunFolder(Path(root))
    save_table(
        folder.information, pair_table(study, _weight(root, study), partial(_pictures, root, study_json))
    )
    return {}


def show(root: str, study_json: str, part_ids: tuple[str, ...]) -> dict[str, Any]:
    """Images, predictions and curves for the report, from the finished networks with these parts of the scores."""
    study, folder = study_of(study_json), RunFolder(Path(root))
    scores = read_parts(folder.scores, ("network_id",), part_ids)
    train_id = next(name for name in study.train_on if name in set(scores["train_id"]))
    network_id = median_network(scores, train_id)
    tests = {name: test_images(root, study_json, name) for name in shown_domains(study, train_id)}
    shown = example_arrays(study, train_id, load_network(folder.network(network_id)), tests)
    structure = scenes(study, study.domains[train_id].structures, "test")[shown.attributes["row"]].scene_id
    told = {**shown.attributes, "network_id": network_id, "structure_id": structure}
    save_arrays(folder.examples, replace(shown, attributes=told))
    return {}


def _told_of(study: Study, scene: Scene, atoms: int) -> dict[str, Any]:
    """What is stored beside the waves of a scene."""
    return {
        "structures": scene.structures,
        "split": scene.split,
        "index": scene.index,
        "seed": scene.seed,
        "atoms": atoms,
        "scenes": study.structures[scene.structures].scenes.model_dump(mode="json"),
        "simulation": study.simulation.model_dump(mode="json"),
    }


def _told(plan: NetworkPlan, trained: TrainedNetwork) -> dict[str, Any]:
    """What is stored beside the weights: the card, and what training came to."""
    outcome = {"best_step": trained.best_step, "seconds": trained.seconds, "history": trained.history}
    return {"train_id": plan.domain, "card": plan.card.model_dump(mode="json"), "outcome": outcome}


def _summary(network: nn.Module, told: dict[str, Any]) -> dict[str, Any]:
    outcome = told["outcome"]
    best = next(row for row in outcome["history"] if row["step"] == outcome["best_step"])
    return {
        "learning_rate": told["card"]["training"]["learning_rate"],
        "parameters": parameter_count(network),
        "steps": int(outcome["history"][-1]["step"]),
        "best_step": outcome["best_step"],
        "validation_dice": best["validation_dice"],
        "validation_pixel_error": best["validation_pixel_error"],
        "seconds": outcome["seconds"],
    }


def _scores(network: nn.Module, root: str, study_json: str, test: str) -> pd.DataFrame:
    study, batch = study_of(study_json), test_images(root, study_json, test)
    sampling_A, precision = study.network.input_sampling_A, study.training.precision
    columns = score_images(network, batch.images, batch.masks, sampling_A, precision)
    ids = [scene.scene_id for scene in scenes(study, study.domains[test].structures, "test")]
    return pd.DataFrame({"test_id": test, "structure_id": ids, **asdict(columns)})


@lru_cache(maxsize=8)
def study_of(study_json: str) -> Study:
    """The study that a task was given."""
    return Study.model_validate_json(study_json)


@lru_cache(maxsize=8)
def training_pools(root: str, study_json: str, domain: str) -> tuple[ImagePool, ImagePool]:
    """Noiseless images of a domain's training and validation structures; all networks of the domain share them."""
    study = study_of(study_json)
    training = _pool(root, study, domain, "training", study.training.images_per_structure)
    return training, _pool(root, study, domain, "validation", study.training.validation_images_per_structure)


@lru_cache(maxsize=256)
def test_images(root: str, study_json: str, domain: str) -> Batch:
    """One noisy image of every test structure under a condition of the domain; the same for all networks."""
    study = study_of(study_json)
    noise = torch.Generator().manual_seed(seed_for(image_seed(study), "noise"))
    return exposed_batch(_pool(root, study, domain, "test", 1), noise)


def _pool(root: str, study: Study, domain: str, split: Split, per_structure: int) -> ImagePool:
    own = study.domains[domain]
    waves = list(_waves(root, study, own.structures, split))
    masks = [particle_mask(each.particles, study.mask.preset, study.mask.blur_A) for each in waves]
    return form_pool(waves, masks, own.imaging, per_structure, seed_for(image_seed(study), split))


def _waves(root: str, study: Study, structures: str, split: Split) -> Iterator[SceneWaves]:
    folder = RunFolder(Path(root))
    for scene in scenes(study, structures, split):
        yield load_waves(folder.scene(scene.scene_id)).waves


def _weight(root: str, study: Study) -> Weight:
    """The weight of the study's measures; 'specimen' is the spectrum of the particles in the training scenes."""
    if study.measures.weight != "specimen":
        return {"radial": RADIAL, "area": AREA}[study.measures.weight]
    names = {study.domains[name].structures: None for name in study.train_on}
    waves = [each.particles for name in names for each in _waves(root, study, name, "training")]
    return specimen_weight(specimen_spectrum(waves).radial())


def _pictures(root: str, study_json: str, domain: str) -> NDArray[np.floating]:
    pictures: NDArray[np.float32] = test_images(root, study_json, domain).images[:, 0].numpy()
    return pictures
