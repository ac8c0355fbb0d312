"""Direct simulation: what a network makes of images that were simulated under the imaging of a domain.

Who knows the settings of a microscope can do this before recording anything: simulate images under them and let the
trained network label them. The structures are those of the validation split, which no network was trained on and
which no test shows. All networks of a study see the same images.
"""

from functools import lru_cache
from itertools import islice
from typing import Final

import torch
from torch import Tensor, nn

from passband.data.batches import Batch, exposed_batch
from passband.data.pool import form_pool
from passband.imaging.mask import particle_mask
from passband.networks.agreement import agreement
from passband.networks.prediction import predicted_logits
from passband.networks.spec import Precision
from passband.seeds import seed_for
from passband.study.kept import Kept
from passband.study.pictures import study_of, waves_of
from passband.study.pixels import images_grid
from passband.study.plan import image_seed
from passband.wave import SceneWaves

SIMULATED_SCENES: Final = 16
"""Validation structures that are imaged, or as many as there are."""
SIMULATED_PER_SCENE: Final = 2
"""Images of each."""
SIMULATED_BYTES: Final = 768 * 2**20
"""What a worker keeps at most of these images and masks [bytes]; 128 domains of 256 x 256 pixels take 480 MiB."""


def simulated_images(root: str, study_json: str, domain: str) -> Batch | None:
    """Noisy images of validation structures under the imaging of a domain; None without a validation split."""

    def formed() -> tuple[Tensor, Tensor]:
        batch = _formed(root, study_json, domain)
        return (torch.empty(0), torch.empty(0)) if batch is None else (batch.images, batch.masks.byte())

    images, masks = _IMAGES.value((root, study_json, domain), formed)
    return Batch(images, masks.float()) if len(images) else None


def simulated_dice(network: nn.Module, batch: Batch | None, precision: Precision) -> float:
    """Mean Dice of a network on such images; NaN where there are none. Network and images are on one device."""
    if batch is None:
        return float("nan")
    logits = predicted_logits(network, batch.images, precision)
    return float(agreement(logits, batch.masks).dice.double().mean())


def forget_simulated() -> None:
    """Let go of everything that is kept in this process."""
    _IMAGES.clear()
    _validation_waves.cache_clear()


def _formed(root: str, study_json: str, domain: str) -> Batch | None:
    study = study_of(study_json)
    own = study.domains[domain]
    waves = _validation_waves(root, study_json, own.structures)
    if not waves:
        return None
    grid, rule = images_grid(study, domain), study.mask
    masks = [particle_mask(each.particles, rule.preset, rule.blur_A, grid) for each in waves]
    seed = seed_for(image_seed(study), "simulated")
    noise = torch.Generator().manual_seed(seed_for(image_seed(study), "noise of simulated"))
    return exposed_batch(form_pool(waves, masks, own.imaging, SIMULATED_PER_SCENE, seed), noise)


@lru_cache(maxsize=8)
def _validation_waves(root: str, study_json: str, structures: str) -> tuple[SceneWaves, ...]:
    waves = waves_of(root, study_of(study_json), structures, "validation")
    return tuple(islice(waves, SIMULATED_SCENES))


def _bytes(batch: tuple[Tensor, Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in batch)


_IMAGES: Final = Kept[tuple[Tensor, Tensor]](SIMULATED_BYTES, _bytes, evict=False)
