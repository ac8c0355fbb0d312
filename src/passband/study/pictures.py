"""Images of a study's domains, formed from stored waves and kept by the worker that needs them again."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from passband.data.batches import Batch, exposed_batch
from passband.data.pool import ImagePool, form_pool
from passband.evaluation.scores import KnownImages, Truth, truth
from passband.imaging.mask import particle_mask
from passband.seeds import seed_for
from passband.storage.run_folder import RunFolder
from passband.storage.waves import load_waves
from passband.study.kept import Kept
from passband.study.pixels import images_grid
from passband.study.plan import image_seed, scenes
from passband.study.study import Split, Study
from passband.training.spec import TrainingSpec
from passband.wave import SceneWaves

POOLS_BYTES: Final = 256 * 2**20
TESTS_BYTES: Final = 1024 * 2**20
"""What a worker keeps at most of training pools, and of test images [bytes]."""
TRUTHS_BYTES: Final = 256 * 2**20
"""The same of what is known about test images [bytes]."""
MASK_SETS: Final = 8
"""Masks of so many sets of structures and sizes of pixels are kept."""

Pools = tuple[ImagePool, ImagePool]


def forget() -> None:
    """Let go of everything that is kept in this process."""
    _POOLS.clear()
    _TESTS.clear()
    _TRUTHS.clear()
    _test_waves.cache_clear()
    _test_masks.cache_clear()
    study_of.cache_clear()


@lru_cache(maxsize=4)
def study_of(study_json: str) -> Study:
    """The study that a task was given."""
    return Study.model_validate_json(study_json)


def training_pools(root: str, study_json: str, domain: str, training: TrainingSpec) -> Pools:
    """Noiseless images of a domain's training and validation structures; all networks of the domain share them."""
    counts = (training.images_per_structure, training.validation_images_per_structure)

    def formed() -> Pools:
        study = study_of(study_json)
        first, second = (
            _pool(study, domain, split, per_structure, *scenes_of(root, study, domain, split))
            for split, per_structure in zip(_TRAINING_SPLITS, counts, strict=True)
        )
        return first, second

    return _POOLS.value((root, study_json, domain, counts), formed)


def test_images(root: str, study_json: str, domain: str) -> Batch:
    """One noisy image of every test structure under a condition of the domain; the same for all networks."""

    def formed() -> tuple[Tensor, Tensor]:
        study = study_of(study_json)
        noise = torch.Generator().manual_seed(seed_for(image_seed(study), "noise"))
        waves = _test_waves(root, study_json, study.domains[domain].structures)
        masks = _test_masks(root, study_json, *_same_masks(study, domain))
        batch = exposed_batch(_pool(study, domain, "test", 1, waves, masks), noise)
        return batch.images, batch.masks.to(torch.uint8)

    images, masks = _TESTS.value((root, study_json, domain), formed)
    return Batch(images, masks.float())


def known_test(root: str, study_json: str, domain: str) -> KnownImages:
    """The test images of a domain and what is known about them, which domains of one set of masks share."""
    study, batch = study_of(study_json), test_images(root, study_json, domain)
    key = (root, study_json, *_same_masks(study, domain))
    known = _TRUTHS.value(key, lambda: truth(batch.masks, images_grid(study, domain).sampling_A))
    return KnownImages(domain, batch.images, known)


def keep_tests(root: str, study_json: str, domains: tuple[str, ...]) -> None:
    """Let go of the test images of all other domains."""
    _TESTS.keep_only({(root, study_json, domain) for domain in domains})


def scenes_of(
    root: str, study: Study, domain: str, split: Split
) -> tuple[tuple[SceneWaves, ...], tuple[Tensor, ...]]:
    """Waves and masks of one split of a domain's structures."""
    waves = tuple(waves_of(root, study, study.domains[domain].structures, split))
    return waves, _masks(study, domain, waves)


def _masks(study: Study, domain: str, waves: tuple[SceneWaves, ...]) -> tuple[Tensor, ...]:
    """Masks of some waves at the pixels of a domain's images."""
    rule, grid = study.mask, images_grid(study, domain)
    return tuple(particle_mask(each.particles, rule.preset, rule.blur_A, grid) for each in waves)


def waves_of(root: str, study: Study, structures: str, split: Split) -> Iterator[SceneWaves]:
    """Waves of one split of a set of structures, in order."""
    folder = RunFolder(Path(root))
    for scene in scenes(study, structures, split):
        yield load_waves(folder.scene(scene.scene_id)).waves


@lru_cache(maxsize=1)
def _test_waves(root: str, study_json: str, structures: str) -> tuple[SceneWaves, ...]:
    """Test scenes of one set of structures: the domains of a series mostly share one."""
    return tuple(waves_of(root, study_of(study_json), structures, "test"))


@lru_cache(maxsize=MASK_SETS)
def _test_masks(root: str, study_json: str, structures: str, domain: str) -> tuple[Tensor, ...]:
    """Masks of the test scenes of one set of structures, at the pixels of a domain."""
    return _masks(study_of(study_json), domain, _test_waves(root, study_json, structures))


def _same_masks(study: Study, domain: str) -> tuple[str, str]:
    """The structures of a domain, and the first domain with these and the same pixels, whose masks it shares."""
    own = study.domains[domain]
    alike = (
        name
        for name, each in study.domains.items()
        if each.structures == own.structures and each.imaging.pixel_nm == own.imaging.pixel_nm
    )
    return own.structures, next(alike)


def _pool(
    study: Study,
    domain: str,
    split: Split,
    per_structure: int,
    waves: tuple[SceneWaves, ...],
    masks: tuple[Tensor, ...],
) -> ImagePool:
    imaging = study.domains[domain].imaging
    return form_pool(waves, masks, imaging, per_structure, seed_for(image_seed(study), split))


def _pool_bytes(pools: Pools) -> int:
    tensors = [tensor for pool in pools for tensor in (pool.images, pool.masks)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _batch_bytes(batch: tuple[Tensor, Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in batch)


def _truth_bytes(known: Truth) -> int:
    return known.masks.nbytes + sum(each.labels.nbytes for each in known.particles)


_TRAINING_SPLITS: Final[tuple[Split, Split]] = ("training", "validation")
_POOLS: Final = Kept[Pools](POOLS_BYTES, _pool_bytes, evict=True)
_TESTS: Final = Kept[tuple[Tensor, Tensor]](TESTS_BYTES, _batch_bytes, evict=False)
_TRUTHS: Final = Kept[Truth](TRUTHS_BYTES, _truth_bytes, evict=True)
