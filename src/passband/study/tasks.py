"""What a worker does: named functions of a few small values. Each writes its artefact whole and returns a few bytes.

A task reads the study from its canonical JSON, so nothing but text and numbers travels. Networks of one training
domain are one task, so that they share their pools, and every test image is formed once for all of them.
"""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.evaluation.scores import KnownImages, Scores, score_networks
from passband.execution.tasks import is_disk_full, own_device, reason_of
from passband.imaging.focus import refer_to_minimum_contrast
from passband.information.spectra import specimen_spectrum
from passband.information.weights import AREA, RADIAL, Weight, specimen_weight
from passband.networks.unet import UNet, build_network, parameter_count
from passband.scattering.simulate import scene_waves
from passband.seeds import seed_for
from passband.storage.arrays import are_intact, save_arrays
from passband.storage.run_folder import RunFolder
from passband.storage.summary import read_summary
from passband.storage.tables import save_part, save_table
from passband.storage.waves import save_waves
from passband.storage.weights import has_network, load_network, save_network
from passband.structure.scene import draw_scene
from passband.study.coherence import coherence_table
from passband.study.examples import example_arrays, median_network, shown_domains
from passband.study.pairs import pair_table
from passband.study.pictures import keep_tests, known_test, study_of, test_images, training_pools, waves_of
from passband.study.plan import Member, NetworkPlan, Scene, plans_of, scenes, series_of
from passband.study.study import FullSeries, Split, Study
from passband.training.loop import Diverged, TrainedNetwork, train_networks
from passband.training.loop import Member as TrainingMember

COHERENCE_WAVES: Final = 3
"""Structures of each set on which the ways of reckoning partial coherence are compared."""
COHERENCE_DOMAINS: Final = 11
"""At most so many test domains, evenly chosen: averaging hundreds of images explicitly for each takes its time."""


def simulate(root: str, study_json: str, structures: str, split: Split, index: int) -> dict[str, Any]:
    """Draw one scene, compute both waves, refer them to the minimum of contrast, and store them."""
    study, folder = study_of(study_json), RunFolder(Path(root))
    scene = scenes(study, structures, split)[index]
    path = folder.scene(scene.scene_id)
    if not are_intact(path):
        atoms = draw_scene(study.structures[structures].scenes, scene.seed, scene.library)
        waves = refer_to_minimum_contrast(scene_waves(atoms, study.simulation, scene.seed))
        save_waves(path, waves, _told_of(study, scene, len(atoms)))
    return {}


def train_and_score(root: str, study_json: str, members: Sequence[Member]) -> dict[str, Any]:
    """Train networks of one domain, unless they are there, and score them on every test domain of their series.

    Returns ``{"failed": {part id: [reason, details]}}``: a network that fails does not disturb the others.
    """
    study = study_of(study_json)
    series = series_of(study, members[0].series)
    plans = plans_of(study, members)
    failed: dict[str, tuple[str, str]] = {}
    _train(root, study_json, series, plans, failed)
    networks = {plan.part_id: _stored(root, series, plan) for plan in plans if plan.part_id not in failed}
    shown = series.tests_of(plans[0].domain)
    keep_tests(root, study_json, shown)
    tables: dict[str, list[pd.DataFrame]] = {part_id: [] for part_id in networks}
    for scored in score_networks(networks, _tests(root, study_json, shown), series.training.precision):
        tables[scored.network].append(_rows(study, scored.test, scored.scores))
    folder = RunFolder(Path(root))
    for plan in plans:
        if plan.part_id in networks:
            _save_scores(folder, plan, pd.concat(tables[plan.part_id], ignore_index=True))
    return {"failed": failed}


def measure(root: str, study_json: str) -> dict[str, Any]:
    """Measures and plain baselines of every pair of training and test domain, as one table."""
    study, folder = study_of(study_json), RunFolder(Path(root))
    save_table(
        folder.information, pair_table(study, _weight(root, study), partial(_pictures, root, study_json))
    )
    return {}


def compare_coherence(root: str, study_json: str) -> dict[str, Any]:
    """Both ways of reckoning partial coherence, in test domains of the study's own series, on a few structures."""
    study, folder = study_of(study_json), RunFolder(Path(root))
    step = ceil(len(study.test_on) / COHERENCE_DOMAINS)
    domains = {name: study.domains[name] for name in study.test_on[::step]}
    names = {domain.structures for domain in domains.values()}
    few = {name: list(islice(waves_of(root, study, name, "test"), COHERENCE_WAVES)) for name in names}
    waves = {name: [each.full for each in several] for name, several in few.items()}
    save_table(folder.coherence, coherence_table(domains, waves))
    return {}


def show(root: str, study_json: str, part_ids: tuple[str, ...]) -> dict[str, Any]:
    """Images, predictions and curves for the report, from the finished networks with these parts of the scores."""
    study, folder = study_of(study_json), RunFolder(Path(root))
    summary = read_summary(folder, ("network_id", "train_id", "test_id", "dice_mean"), part_ids)
    train_id = next(name for name in study.train_on if name in set(summary["train_id"]))
    network_id = median_network(summary, train_id)
    tests = {name: test_images(root, study_json, name) for name in shown_domains(study, train_id)}
    shown = example_arrays(study, train_id, load_network(folder.network(network_id)), tests)
    structure = scenes(study, study.domains[train_id].structures, "test")[shown.attributes["row"]].scene_id
    told = {**shown.attributes, "network_id": network_id, "structure_id": structure}
    save_arrays(folder.examples, replace(shown, attributes=told))
    return {}


def _train(
    root: str,
    study_json: str,
    series: FullSeries,
    plans: Sequence[NetworkPlan],
    failed: dict[str, tuple[str, str]],
) -> None:
    """Train the networks that are not stored, together, and note those that fail; a full disk is nobody's fault."""
    folder, device = RunFolder(Path(root)), own_device()
    missing = {p.part_id: p for p in plans if not has_network(folder.network(p.network_id))}
    if not missing:
        return
    members = (_member(root, study_json, series, plan) for plan in list(missing.values()))
    try:
        for ended in train_networks(members, device):
            plan = missing.pop(ended.key)
            if isinstance(ended, Diverged):
                failed[ended.key] = (ended.reason, "")
            else:
                told = _told(plan, ended.network, device)
                save_network(folder.network(plan.network_id), ended.network.state_dict, told)
    except Exception as error:
        if is_disk_full(error):
            raise
        if len(plans) > 1:
            for plan in missing.values():
                _train(root, study_json, series, [plan], failed)
        else:
            failed[plans[0].part_id] = (reason_of(error), traceback.format_exc())


def _member(root: str, study_json: str, series: FullSeries, plan: NetworkPlan) -> TrainingMember:
    training, validation = training_pools(root, study_json, plan.domain, plan.card.training)
    network = build_network(series.network, seed_for(plan.card.seed, "start"))
    return TrainingMember(plan.part_id, network, plan.card.training, training, validation, plan.card.seed)


def _stored(root: str, series: FullSeries, plan: NetworkPlan) -> UNet:
    """A trained network, ready to predict; its line in the table of networks is there then."""
    folder = RunFolder(Path(root))
    network = build_network(series.network, seed_for(plan.card.seed, "start"))
    stored = load_network(folder.network(plan.network_id))
    network.load_state_dict(stored.state)
    row = {"network_id": plan.network_id, "train_id": plan.domain, "seed": plan.card.seed}
    row |= {"series": series.name} | _summary(network, stored.card)
    save_part(folder.networks_table, plan.network_id, pd.DataFrame([row]))
    return network.to(own_device()).eval()


def _tests(root: str, study_json: str, domains: Sequence[str]) -> Iterator[KnownImages]:
    """The images of one test domain after another, formed once for all networks, on the device of this worker."""
    for domain in domains:
        yield known_test(root, study_json, domain).on(own_device())


def _rows(study: Study, test: str, scores: Scores) -> pd.DataFrame:
    ids = [scene.scene_id for scene in scenes(study, study.domains[test].structures, "test")]
    return pd.DataFrame({"test_id": test, "structure_id": ids, **asdict(scores)})


def _save_scores(folder: RunFolder, plan: NetworkPlan, scores: pd.DataFrame) -> None:
    told = scores.assign(network_id=plan.network_id, train_id=plan.domain, seed=plan.card.seed)
    save_part(folder.scores, plan.part_id, told)


def _told_of(study: Study, scene: Scene, atoms: int) -> dict[str, Any]:
    """What is stored beside the waves of a scene."""
    return {
        "structures": scene.structures,
        "split": scene.split,
        "index": scene.index,
        "seed": scene.seed,
        "library": scene.library,
        "atoms": atoms,
        "scenes": study.structures[scene.structures].scenes.model_dump(mode="json"),
        "simulation": study.simulation.model_dump(mode="json"),
    }


def _told(plan: NetworkPlan, trained: TrainedNetwork, device: str) -> dict[str, Any]:
    """What is stored beside the weights: the card, and what training came to."""
    outcome = {
        "best_step": trained.best_step,
        "seconds": trained.seconds,
        "device": device,
        "history": trained.history,
    }
    return {"train_id": plan.domain, "card": plan.card.model_dump(mode="json"), "outcome": outcome}


def _summary(network: UNet, told: dict[str, Any]) -> dict[str, Any]:
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


def _weight(root: str, study: Study) -> Weight:
    """The weight of the study's measures; 'specimen' is the spectrum of the particles in the training scenes."""
    if study.measures.weight != "specimen":
        return {"radial": RADIAL, "area": AREA}[study.measures.weight]
    names = {study.domains[name].structures: None for name in study.training_domains}
    waves = [each.particles for name in names for each in waves_of(root, study, name, "training")]
    return specimen_weight(specimen_spectrum(waves).radial())


def _pictures(root: str, study_json: str, domain: str) -> NDArray[np.floating]:
    pictures: NDArray[np.float32] = test_images(root, study_json, domain).images[:, 0].numpy()
    return pictures
