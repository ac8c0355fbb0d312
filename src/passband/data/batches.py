"""Batches for training and for measuring: noise, shift and orientation, all from one generator.

An epoch shows every image of the pool once in each of its orientations, in random order. Which image, which
orientation and which shift stand at each step of a run is drawn before its first step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import torch
from torch import Generator, Tensor

from passband.data.augmentation import ORIENTATIONS, gathered, orientation_maps, oriented, window
from passband.data.pool import ImagePool
from passband.data.spec import BatchSpec
from passband.imaging.image import expose, standardise


@dataclass(frozen=True)
class Batch:
    """Images (b, 1, ny, nx) of mean 0 and variance 1, masks (b, ny, nx) in {0, 1}; both float32."""

    images: Tensor
    masks: Tensor


@dataclass(frozen=True)
class BatchSource:
    """Everything that the steps of one run are shown.

    pool, spec: what the batches are made of.
    pictures: float32 (n, ny, nx); noiseless, or with the noise that is drawn once.
    finished: whether the pictures have mean 0 and variance 1 as they stand.
    views: int64 (steps, size, 4), one row for each image shown: image, orientation, origin y and x.
    maps: of ``orientation_maps``, where views are gathered all at once; None where they are cut one by one.
    generator: of the fresh noise, on the device of the pool.
    """

    pool: ImagePool
    spec: BatchSpec
    pictures: Tensor
    finished: bool
    views: Tensor
    maps: Tensor | None
    generator: Generator

    def batch(self, step: Tensor) -> Batch:
        """The batch of a step, a number from 0 as a tensor (1,) on the device of the pool."""
        views = self.views.index_select(0, step)[0]
        image, structure = views[:, 0], self.pool.structure[views[:, 0]]
        see = _one_by_one if self.maps is None else _all_at_once
        images, masks = see(self, self.pictures, image, views), see(self, self.pool.masks, structure, views)
        if self.spec.noise == "fresh":
            dose = self.pool.dose_e_per_A2[image]
            images = expose(images, dose, self.pool.pixel_area_A2, self.generator, self.pool.detector)
        return Batch((images if self.finished else standardise(images))[:, None], masks.float())


def steps_per_epoch(pool_size: int, spec: BatchSpec) -> int:
    """Batches until every image of a pool has been shown in each of its orientations."""
    return ceil(pool_size * (ORIENTATIONS if spec.dihedral else 1) / spec.size)


def batch_source(
    pool: ImagePool, spec: BatchSpec, generator: Generator, steps: int, at_once: bool = False
) -> BatchSource:
    """What so many steps are shown; the generator must be on the pool's device.

    at_once: whether the views of a batch are gathered in one operation; the images are the same.
    """
    fixed = spec.noise == "fixed"
    pictures = _exposed(pool, generator) if fixed else pool.images
    finished = fixed and spec.crop_px is None
    maps = orientation_maps(_size(pool, spec), ORIENTATIONS if spec.dihedral else 1) if at_once else None
    return BatchSource(
        pool=pool,
        spec=spec,
        pictures=standardise(pictures) if finished else pictures,
        finished=finished,
        views=_draw_views(pool, spec, generator, steps),
        maps=None if maps is None else maps.to(pictures.device),
        generator=generator,
    )


def draw_batches(pool: ImagePool, spec: BatchSpec, generator: Generator, steps: int) -> Iterator[Batch]:
    """So many batches of the pool; the generator must be on the pool's device."""
    source = batch_source(pool, spec, generator, steps)
    for step in torch.split(torch.arange(steps, device=pool.images.device), 1):
        yield source.batch(step)


def exposed_batch(pool: ImagePool, generator: Generator) -> Batch:
    """The whole pool with shot noise drawn once, in order, not augmented: what networks are measured on."""
    return Batch(standardise(_exposed(pool, generator))[:, None], pool.masks[pool.structure].float())


def _draw_views(pool: ImagePool, spec: BatchSpec, generator: Generator, steps: int) -> Tensor:
    """Which view of which image, step by step; the next epoch fills the batch in which one ends."""
    shown = steps * spec.size
    per_epoch = len(pool) * (ORIENTATIONS if spec.dihedral else 1)
    epochs = [_draw_epoch(pool, spec, generator) for _ in range(ceil(shown / per_epoch))]
    return torch.cat(epochs)[:shown].reshape(steps, spec.size, -1)


def _draw_epoch(pool: ImagePool, spec: BatchSpec, generator: Generator) -> Tensor:
    """Every image once in each orientation, in random order: image, orientation, origin y and x, (n, 4)."""
    device, orientations = pool.images.device, ORIENTATIONS if spec.dihedral else 1
    n = len(pool) * orientations
    order = torch.randperm(n, generator=generator, device=device)
    limits = _origin_limits(pool, spec)
    origins = [torch.randint(limit, (n,), generator=generator, device=device) for limit in limits]
    return torch.stack([order // orientations, order % orientations, *origins], dim=1)


def _origin_limits(pool: ImagePool, spec: BatchSpec) -> tuple[int, int]:
    """At how many pixels (y, x) a view may begin: all of a rolled image, else where it stays inside."""
    ny, nx = pool.images.shape[1:]
    if spec.roll:
        return ny, nx
    return ny - (spec.crop_px or ny) + 1, nx - (spec.crop_px or nx) + 1


def _size(pool: ImagePool, spec: BatchSpec) -> tuple[int, int]:
    """Pixels (y, x) of what a network is shown."""
    ny, nx = pool.images.shape[1:]
    return spec.crop_px or ny, spec.crop_px or nx


def _one_by_one(source: BatchSource, pictures: Tensor, rows: Tensor, views: Tensor) -> Tensor:
    size = _size(source.pool, source.spec)
    parts = [
        oriented(window(pictures[row], (y, x), size), orientation)
        for row, (_, orientation, y, x) in zip(rows.tolist(), views.tolist(), strict=True)
    ]
    return torch.stack(parts)


def _all_at_once(source: BatchSource, pictures: Tensor, rows: Tensor, views: Tensor) -> Tensor:
    assert source.maps is not None
    return gathered(pictures, rows, source.maps[views[:, 1]], views[:, 2:])


def _exposed(pool: ImagePool, generator: Generator) -> Tensor:
    """All images with noise, one by one: a dark pixel, which costs exact Poisson numbers, then slows one image only."""
    pairs = zip(pool.images, pool.dose_e_per_A2, strict=True)
    noisy = [expose(image, dose, pool.pixel_area_A2, generator, pool.detector) for image, dose in pairs]
    return torch.stack(noisy)
