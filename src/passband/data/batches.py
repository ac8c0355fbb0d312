"""Batches for training and for measuring: noise, shift and orientation, all from one generator.

An epoch shows every image of the pool once in each of its orientations, in random order. Integers (which
image, which orientation, which shift) are drawn an epoch at a time, so that a device is asked for them
rarely.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import torch
from torch import Generator, Tensor

from passband.data.augmentation import ORIENTATIONS, oriented, window
from passband.data.pool import ImagePool
from passband.data.spec import BatchSpec
from passband.imaging.image import expose, standardise


@dataclass(frozen=True)
class Batch:
    """Images (b, 1, ny, nx) of mean 0 and variance 1, masks (b, ny, nx) in {0, 1}; both float32."""

    images: Tensor
    masks: Tensor


def steps_per_epoch(pool_size: int, spec: BatchSpec) -> int:
    """Batches until every image of a pool has been shown in each of its orientations."""
    return ceil(pool_size * (ORIENTATIONS if spec.dihedral else 1) / spec.size)


def draw_batches(pool: ImagePool, spec: BatchSpec, generator: Generator) -> Iterator[Batch]:
    """Batches of the pool without end; the generator must be on the pool's device."""
    noisy = _exposed(pool, generator) if spec.noise == "fixed" else None
    for views in _draw_views(pool, spec, generator):
        pictures = pool.images if noisy is None else noisy
        images = torch.stack([_seen(pictures[view.image], view, spec) for view in views])
        masks = torch.stack([_seen(pool.masks[view.structure], view, spec) for view in views])
        if noisy is None:
            rows = [view.image for view in views]
            images = expose(images, pool.dose_e_per_A2[rows], pool.pixel_area_A2, generator)
        yield Batch(standardise(images)[:, None], masks.float())


def exposed_batch(pool: ImagePool, generator: Generator) -> Batch:
    """The whole pool with shot noise drawn once, in order, not augmented: what networks are measured on."""
    return Batch(standardise(_exposed(pool, generator))[:, None], pool.masks[pool.structure].float())


@dataclass(frozen=True)
class _View:
    image: int
    structure: int
    orientation: int
    origin: tuple[int, int]


def _draw_views(pool: ImagePool, spec: BatchSpec, generator: Generator) -> Iterator[list[_View]]:
    """Which view of which image, batch by batch; the next epoch fills the batch in which one ends."""
    waiting: list[_View] = []
    while True:
        while len(waiting) < spec.size:
            waiting += _epoch(pool, spec, generator)
        yield waiting[: spec.size]
        waiting = waiting[spec.size :]


def _epoch(pool: ImagePool, spec: BatchSpec, generator: Generator) -> list[_View]:
    device, orientations = pool.images.device, ORIENTATIONS if spec.dihedral else 1
    n = len(pool) * orientations
    order = torch.randperm(n, generator=generator, device=device)
    limits = _origin_limits(pool, spec)
    origins = [torch.randint(limit, (n,), generator=generator, device=device) for limit in limits]
    images = order // orientations
    columns = (images, pool.structure[images], order % orientations, *origins)
    rows = torch.stack(columns, dim=1).tolist()
    return [_View(image, structure, orientation, (y, x)) for image, structure, orientation, y, x in rows]


def _origin_limits(pool: ImagePool, spec: BatchSpec) -> tuple[int, int]:
    """At how many pixels (y, x) a view may begin: all of a rolled image, else where it stays inside."""
    ny, nx = pool.images.shape[1:]
    if spec.roll:
        return ny, nx
    return ny - (spec.crop_px or ny) + 1, nx - (spec.crop_px or nx) + 1


def _seen(picture: Tensor, view: _View, spec: BatchSpec) -> Tensor:
    ny, nx = picture.shape
    part = window(picture, view.origin, (spec.crop_px or ny, spec.crop_px or nx))
    return oriented(part, view.orientation)


def _exposed(pool: ImagePool, generator: Generator) -> Tensor:
    return expose(pool.images, pool.dose_e_per_A2, pool.pixel_area_A2, generator)
