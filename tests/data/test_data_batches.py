"""Batches: image and mask move together, an epoch is complete, noise is Poisson, seeds decide everything."""

from collections import Counter
from dataclasses import replace
from typing import Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.data.augmentation import ORIENTATIONS, oriented, window
from passband.data.batches import Batch, batch_source, draw_batches, exposed_batch, steps_per_epoch
from passband.data.pool import ImagePool
from passband.data.spec import BatchSpec
from passband.imaging.detector import Detector, Falloff

PLAIN = BatchSpec(size=2, dihedral=False, roll=False)


def pool_of(masks: torch.Tensor, dose: float) -> ImagePool:
    """Images that are their masks, half as bright where the mask is 1."""
    n = len(masks)
    return ImagePool(1 - masks / 2, torch.full((n,), dose), masks.to(torch.uint8), torch.arange(n), 0.16)


def speckled(n: int, px: int = 8) -> torch.Tensor:
    return (torch.rand(n, px, px, generator=torch.Generator().manual_seed(9)) < 0.4).float()


def batches_of(pool: ImagePool, spec: BatchSpec, count: int, seed: int = 0) -> list[Batch]:
    return list(draw_batches(pool, spec, torch.Generator().manual_seed(seed), count))


@given(st.integers(0, 2**31), st.sampled_from([None, 4, 7]), st.booleans(), st.booleans())
def test_image_and_mask_are_moved_alike(seed: int, crop_px: int | None, roll: bool, dihedral: bool) -> None:
    """Without noise the images are a monotonic function of their masks, before and after."""
    spec = BatchSpec(size=3, crop_px=crop_px, roll=roll, dihedral=dihedral)
    for batch in batches_of(pool_of(speckled(4), torch.inf), spec, 2, seed):
        assert batch.masks.shape == (3, crop_px or 8, crop_px or 8)
        for image, mask in zip(batch.images[:, 0], batch.masks, strict=True):
            inside, outside = image[mask == 1], image[mask == 0]
            assert len(inside) == 0 or len(outside) == 0 or inside.max() < outside.min()


def test_every_image_comes_with_the_mask_of_its_own_structure() -> None:
    masks = speckled(2)
    structure = torch.tensor([1, 0, 1])
    pool = ImagePool(
        1 - masks[structure] / 2, torch.full((3,), torch.inf), masks.to(torch.uint8), structure, 0.16
    )
    for batch in batches_of(pool, PLAIN, 6):
        assert torch.equal(batch.images[:, 0] < 0, batch.masks == 1)


def test_an_epoch_shows_every_image_once_in_each_orientation() -> None:
    """3 images in 8 orientations, 4 at a time: 6 batches; then the same again."""
    pool, spec = pool_of(speckled(3), torch.inf), BatchSpec(size=4, roll=False)
    assert steps_per_epoch(3, spec) == 6
    batches = batches_of(pool, spec, 12)
    for epoch in (batches[:6], batches[6:]):
        seen = Counter(tuple(mask.flatten().tolist()) for batch in epoch for mask in batch.masks)
        views = {
            tuple(oriented(mask, o).flatten().tolist()) for mask in speckled(3) for o in range(ORIENTATIONS)
        }
        assert seen == Counter(views)
        assert len(views) == 24


def test_a_pool_smaller_than_a_batch_is_shown_several_times() -> None:
    batch = batches_of(pool_of(speckled(2), torch.inf), PLAIN.model_copy(update={"size": 5}), 1)[0]
    assert batch.images.shape == (5, 1, 8, 8)


@pytest.mark.parametrize("noise", ["fixed", "fresh"])
def test_noise_is_that_of_the_detector(noise: Literal["fixed", "fresh"]) -> None:
    """Neighbouring pixels are independent under ideal counting, and alike where the noise transfer falls early."""
    blurring = Detector(mtf=Falloff(form="gaussian", half_at=0.3), ntf=Falloff(form="gaussian", half_at=0.3))
    flat = pool_of(torch.zeros(1, 64, 64), 400.0)
    for detector, low, high in ((None, -0.1, 0.1), (blurring, 0.5, 1.0)):
        pool = replace(flat, detector=detector)
        shown = batches_of(pool, BatchSpec(size=1, noise=noise), 1)[0], exposed_batch(pool, torch.Generator())
        for batch in shown:
            image = batch.images[0, 0]
            assert low < float((image * image.roll(1, -1)).mean()) < high


def test_rolling_keeps_every_pixel_and_reaches_every_shift() -> None:
    mask = torch.zeros(1, 4, 4)
    mask[0, 0, 0] = 1
    spec = BatchSpec(size=8, dihedral=False, roll=True)
    batches = batches_of(pool_of(mask, torch.inf), spec, 40)
    places = {int(mask.flatten().argmax()) for batch in batches for mask in batch.masks}
    assert all(float(mask.sum()) == 1 for batch in batches for mask in batch.masks)
    assert places == set(range(16))


@pytest.mark.parametrize("noise", ["fresh", "fixed"])
def test_images_have_mean_0_and_variance_1(noise: str) -> None:
    spec = BatchSpec.model_validate({"size": 4, "noise": noise})
    for batch in batches_of(pool_of(speckled(4), 50.0), spec, 3):
        torch.testing.assert_close(batch.images.mean((-2, -1)), torch.zeros(4, 1), atol=1e-5, rtol=0)
        torch.testing.assert_close(batch.images.var((-2, -1), unbiased=False), torch.ones(4, 1))


def test_noise_is_that_of_counted_electrons() -> None:
    """An even field at 400 e/Å² and 0.16 Å² has 64 e/px: standard deviation over mean 1/8 (1 % with 64² px)."""
    pool = ImagePool(
        torch.ones(1, 64, 64),
        torch.tensor([400.0]),
        torch.zeros(1, 64, 64, dtype=torch.uint8),
        torch.tensor([0]),
        0.16,
    )
    half = pool.images.clone()
    half[:, :32] = 0
    striped = ImagePool(half, pool.dose_e_per_A2, pool.masks, pool.structure, 0.16)
    seen = exposed_batch(striped, torch.Generator().manual_seed(0)).images[0, 0]
    bright, dark = seen[32:], seen[:32]
    assert dark.std() < 1e-5
    assert (bright.std() / (bright.mean() - dark.mean())).item() == pytest.approx(1 / 8, rel=0.05)


def test_fresh_noise_differs_between_epochs_and_fixed_noise_stays() -> None:
    for noise, stays in (("fresh", False), ("fixed", True)):
        spec = BatchSpec.model_validate({"size": 1, "noise": noise, "dihedral": False, "roll": False})
        first, second = batches_of(pool_of(speckled(1), 50.0), spec, 2)
        assert torch.equal(first.images, second.images) == stays


def test_the_seed_decides_everything() -> None:
    pool, spec = pool_of(speckled(4), 50.0), BatchSpec(size=4)
    first, again, other = (batches_of(pool, spec, 3, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a.images, b.images) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0].images, other[0].images)


def test_the_pool_is_never_changed() -> None:
    pool = pool_of(speckled(4), 50.0)
    images, masks = pool.images.clone(), pool.masks.clone()
    batches_of(pool, BatchSpec(size=4), 5)
    assert torch.equal(pool.images, images)
    assert torch.equal(pool.masks, masks)


def test_measuring_shows_the_pool_in_order() -> None:
    batch = exposed_batch(pool_of(speckled(4), torch.inf), torch.Generator().manual_seed(0))
    assert torch.equal(batch.masks, speckled(4))
    assert torch.equal(batch.images[:, 0] < 0, speckled(4) == 1)


def test_the_eight_orientations_are_a_group_of_different_ones() -> None:
    """Applied one after another, any two give one of the eight again; each appears once in every row."""
    image = torch.arange(9.0).reshape(3, 3)
    views = [tuple(oriented(image, o).flatten().tolist()) for o in range(ORIENTATIONS)]
    assert len(set(views)) == ORIENTATIONS
    for first in range(ORIENTATIONS):
        row = {
            tuple(oriented(oriented(image, first), then).flatten().tolist()) for then in range(ORIENTATIONS)
        }
        assert row == set(views)


@given(st.tuples(st.integers(0, 4), st.integers(0, 6)), st.tuples(st.integers(1, 5), st.integers(1, 7)))
def test_a_window_reads_around_the_edges(origin: tuple[int, int], size: tuple[int, int]) -> None:
    image = torch.arange(35.0).reshape(5, 7)
    part = window(image, origin, size)
    rows = (torch.arange(size[0]) + origin[0]) % 5
    columns = (torch.arange(size[1]) + origin[1]) % 7
    assert torch.equal(part, image[rows[:, None], columns])


def test_a_quarter_turn_of_an_oblong_image_is_refused() -> None:
    with pytest.raises(ValueError, match="square"):
        oriented(torch.zeros(4, 6), 1)
    assert oriented(torch.zeros(4, 6), 6).shape == (4, 6)


@pytest.mark.parametrize("noise", ["fresh", "fixed"])
@pytest.mark.parametrize("crop_px", [None, 5])
def test_views_gathered_all_at_once_are_those_cut_one_by_one(noise: str, crop_px: int | None) -> None:
    spec = BatchSpec.model_validate({"size": 3, "noise": noise, "crop_px": crop_px})
    one, all_at_once = (
        batch_source(pool_of(speckled(4), 50.0), spec, torch.Generator().manual_seed(1), 20, at_once)
        for at_once in (False, True)
    )
    for step in torch.arange(20)[:, None]:
        first, second = one.batch(step), all_at_once.batch(step)
        assert torch.equal(first.images, second.images)
        assert torch.equal(first.masks, second.masks)
