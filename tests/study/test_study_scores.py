"""Scores of a study: one look at each true mask serves all networks and conditions, and changes no number."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from study_samples import tiny_study

from passband.evaluation.scores import score_images
from passband.networks.unet import build_network
from passband.records import canonical_json
from passband.storage.run_folder import RunFolder
from passband.storage.tables import read_parts
from passband.storage.weights import load_network
from passband.study import pictures, tasks
from passband.study.plan import all_scenes, network_plans, scenes
from passband.study.study import Study

SAMPLING_A = {"-8 nm": 0.4, "+4 nm": 0.8, "+8 nm": 0.4}


def mixed_study() -> Study:
    """Two test domains with pixels of 0.4 Å and one with 0.8 Å, all of the same structures."""
    study = tiny_study()
    domains = dict(study.domains)
    coarse = domains["+4 nm"].imaging.model_copy(update={"pixel_nm": 0.08})
    domains["+4 nm"] = domains["+4 nm"].model_copy(update={"imaging": coarse})
    return study.model_copy(update={"domains": domains})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs") / "mixed"
    study, study_json = mixed_study(), canonical_json(mixed_study())
    for scene in all_scenes(study):
        tasks.simulate(str(root), study_json, scene.structures, scene.split, scene.index)
    members = [plan.member for plan in network_plans(study) if plan.domain == "-8 nm"]
    assert tasks.train_and_score(str(root), study_json, members) == {"failed": {}}
    return root


def test_scores_are_those_of_each_network_on_each_test_domain_by_itself(root: Path) -> None:
    study = mixed_study()
    structures = [scene.scene_id for scene in scenes(study, "CdSe", "test")]
    scores = read_parts(RunFolder(root).scores, ("network_id", "test_id"))
    assert scores["network_id"].nunique() == 2
    for (network_id, test_id), rows in scores.groupby(["network_id", "test_id"]):
        network = build_network(study.network, 0)
        network.load_state_dict(load_network(RunFolder(root).network(network_id)).state)
        shown = pictures.test_images(str(root), canonical_json(study), test_id)
        sampling_A, precision = SAMPLING_A[test_id], study.training.precision
        alone = score_images(network, shown.images, shown.masks, sampling_A, precision)
        for name, column in asdict(alone).items():
            np.testing.assert_array_equal(rows.set_index("structure_id").loc[structures, name], column)


def test_domains_of_one_set_of_structures_and_one_pixel_size_share_their_truth(root: Path) -> None:
    tests = {name: pictures.known_test(str(root), canonical_json(mixed_study()), name) for name in SAMPLING_A}
    assert tests["-8 nm"].truth is tests["+8 nm"].truth
    for name, sampling_A in SAMPLING_A.items():
        assert tests[name].truth.sampling_A == pytest.approx(sampling_A)
        assert tests[name].truth.masks.shape[-2:] == tests[name].images.shape[-2:]
