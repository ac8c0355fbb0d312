"""What a worker does for prediction: tables of measures, of a classifier without a network, of networks' evidence.

As all tasks: each writes its artefact whole and returns a few bytes.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from passband.data.batches import Batch, exposed_batch
from passband.data.pool import form_pool
from passband.execution.tasks import own_device
from passband.imaging.mask import particle_mask
from passband.networks.features import response
from passband.networks.unet import UNet, build_network
from passband.seeds import seed_for
from passband.storage.documents import write_sealed_json
from passband.storage.run_folder import RunFolder
from passband.storage.summary import read_summary
from passband.storage.tables import save_part, save_table
from passband.storage.weights import load_network
from passband.study.bands import BAND_SCENES, band_table
from passband.study.evidence import AGREEMENT_IMAGES, MOST_IMAGES, Shown, evidence_table
from passband.study.examples import ranked_networks
from passband.study.measures import measured_pairs
from passband.study.pictures import keep_tests, study_of, test_images, waves_of
from passband.study.pixels import images_grid
from passband.study.plan import image_seed, network_plans, series_of
from passband.study.prediction import as_data, prediction_table, verdicts
from passband.study.prediction_plan import contested_pairs
from passband.study.results import run_results
from passband.study.simulated import simulated_dice, simulated_images
from passband.study.study import FullSeries, Study
from passband.wave import SceneWaves


def measure_pairs(root: str, study_json: str) -> dict[str, Any]:
    """Everything that is known of pairs of domains before any image, as one table."""
    study = study_of(study_json)

    def training_waves(structures: str) -> Any:
        return waves_of(root, study, structures, "training")

    save_table(RunFolder(Path(root)).measures, measured_pairs(study, study.pairs, training_waves))
    return {}


def classify_bands(root: str, study_json: str) -> dict[str, Any]:
    """How a classifier without a network fares on simulated images of pairs of domains, as one table."""
    study = study_of(study_json)
    table = band_table(contested_pairs(study), partial(simulated_textures, root, study_json))
    save_table(RunFolder(Path(root)).bands, table)
    _some_waves.cache_clear()
    return {}


def gather_evidence(
    root: str, study_json: str, series_name: str, train: str, network_ids: tuple[str, ...], key: str
) -> dict[str, Any]:
    """What two networks of a training domain say of unlabelled images of every test domain, as a part of the table.

    network_ids: the finished networks of the domain; the median one at home is asked, and its neighbour. The median
    one labels simulated images of the test domain too (`simulated`).
    """
    study, folder = study_of(study_json), RunFolder(Path(root))
    series = series_of(study, series_name)
    summary = read_summary(folder, ("network_id", "train_id", "test_id", "dice_mean"))
    ranked = ranked_networks(summary[summary["network_id"].isin(network_ids)], train)
    middle = (len(ranked) - 1) // 2
    asked = [ranked[middle], *ranked[middle + 1 : middle + 2]]
    networks = [_network(folder, series, network_id) for network_id in asked]
    tests = series.tests_of(train)
    keep_tests(root, study_json, tests)
    table = evidence_table(train, tests, lambda domain: _shown(root, study_json, series, domain, networks))
    told: dict[str, Any] = {
        "series": series_name,
        "asked": asked[0],
        "asked_too": asked[-1],
        "of_networks": len(network_ids),
    }
    save_part(folder.evidence, key, table.assign(**told))
    return {}


def analyse_run(root: str, study_json: str) -> dict[str, Any]:
    """What may be said of prediction, as data and as a table of predicted and reached Dice, for the report."""
    folder = RunFolder(Path(root))
    study = study_of(study_json)
    found = verdicts(run_results(folder, study, network_plans(study)))
    save_table(folder.predictions, prediction_table(found))
    write_sealed_json(folder.analysis, as_data(found))
    return {}


def _network(folder: RunFolder, series: FullSeries, network_id: str) -> UNet:
    network = build_network(series.network, 0)
    network.load_state_dict(load_network(folder.network(network_id)).state)
    return network.to(own_device()).eval()


def _shown(root: str, study_json: str, series: FullSeries, domain: str, networks: Sequence[UNet]) -> Shown:
    study = study_of(study_json)
    images = test_images(root, study_json, domain).images[:MOST_IMAGES]
    counts = (len(images), AGREEMENT_IMAGES)
    responses = [
        response(network, images[:count].to(own_device()), series.training.precision)
        for network, count in zip(networks, counts, strict=False)
    ]
    own, to_label = study.domains[domain], simulated_images(root, study_json, domain)
    if to_label is not None:
        to_label = Batch(to_label.images.to(own_device()), to_label.masks.to(own_device()))
    return Shown(
        own.imaging,
        own.structures,
        images[:, 0].numpy(),
        images_grid(study, domain).sampling_A,
        responses[0],
        responses[1] if len(responses) > 1 else None,
        simulated_dice(networks[0], to_label, series.training.precision),
    )


def simulated_textures(root: str, study_json: str, domain: str, to_fit_on: bool) -> Batch | None:
    """Images of training structures under the imaging of a domain, None without a training structure.

    Those to fit on and those to try on are of different structures; of a single structure they differ in noise and
    imaging conditions only.
    """
    study = study_of(study_json)
    every = _some_waves(root, study_json, study.domains[domain].structures)
    if not every:
        return None
    half = max(1, len(every) // 2)
    waves = every[:half] if to_fit_on else every[half:] or every
    grid, rule = images_grid(study, domain), study.mask
    masks = [particle_mask(each.particles, rule.preset, rule.blur_A, grid) for each in waves]
    use = "fit" if to_fit_on else "try"
    pool = form_pool(
        waves, masks, study.domains[domain].imaging, 1, seed_for(image_seed(study), "bands", use)
    )
    noise = torch.Generator().manual_seed(seed_for(image_seed(study), "noise of bands", use))
    return exposed_batch(pool, noise)


@lru_cache(maxsize=32)
def _some_waves(root: str, study_json: str, structures: str) -> tuple[SceneWaves, ...]:
    study: Study = study_of(study_json)
    return tuple(islice(waves_of(root, study, structures, "training"), 2 * BAND_SCENES))
