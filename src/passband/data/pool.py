"""A pool of noiseless images of one domain, formed from exit waves and never stored.

Forming an image costs more than a training step of a small network, and shot noise, shift and orientation
vary it enough; so each structure is imaged under a few conditions of the domain, once, and everything else
is drawn at every step (docs/decisions).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from passband.imaging.detector import Detector
from passband.imaging.distribution import ImagingDistribution
from passband.imaging.draw import draw_conditions
from passband.imaging.image import intensity
from passband.imaging.pixels import image_grid
from passband.imaging.recording import recording
from passband.wave import SceneWaves


@dataclass(frozen=True)
class ImagePool:
    """Noiseless images of one domain with the masks of their structures, on one device.

    images: float32 (n, ny, nx) intensities; vacuum is 1.
    dose_e_per_A2: float32 (n,); infinite where the image has no shot noise.
    masks: uint8 (n_structures, ny, nx), 1 in a particle.
    structure: int64 (n,) the row of ``masks`` that belongs to each image.
    pixel_area_A2: area of a pixel [Å²].
    detector: what records the images; None is an ideal one.
    """

    images: Tensor
    dose_e_per_A2: Tensor
    masks: Tensor
    structure: Tensor
    pixel_area_A2: float
    detector: Detector | None = None

    def __post_init__(self) -> None:
        n = len(self.images)
        if not n or self.structure.shape != (n,) or self.dose_e_per_A2.shape != (n,):
            raise ValueError("a pool needs at least one image, and one structure and one dose for each")
        if self.masks.shape[1:] != self.images.shape[1:]:
            raise ValueError(f"masks {tuple(self.masks.shape)} do not fit images {tuple(self.images.shape)}")

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device | str) -> "ImagePool":
        """The same pool on a device."""
        return ImagePool(
            self.images.to(device),
            self.dose_e_per_A2.to(device),
            self.masks.to(device),
            self.structure.to(device),
            self.pixel_area_A2,
            self.detector,
        )


def form_pool(
    waves: Sequence[SceneWaves],
    masks: Sequence[Tensor],
    distribution: ImagingDistribution,
    per_structure: int,
    seed: int,
) -> ImagePool:
    """Image every structure under ``per_structure`` conditions drawn from a distribution; no shot noise yet.

    masks: one (ny, nx) per scene, 1 in a particle, at the pixels of the images, which are those that the
        distribution names, else those of the waves. The conditions are independent of each other and follow
        from the seed alone. The pool is on the device of the waves.
    """
    if len(waves) != len(masks) or not waves:
        raise ValueError(
            f"{len(waves)} scenes and {len(masks)} masks; a pool needs one mask for each of its scenes"
        )
    conditions = draw_conditions(distribution, len(waves) * per_structure, seed)
    first = waves[0].full
    how = recording(distribution)
    images = [
        intensity(scene.full, conditions[row * per_structure : (row + 1) * per_structure], how)
        for row, scene in enumerate(waves)
    ]
    device, grid = first.field.device, image_grid(first.grid, how.pixel_A)
    return ImagePool(
        images=torch.cat(images),
        dose_e_per_A2=conditions.dose_e_per_A2.to(device, torch.float32),
        masks=torch.stack([mask.to(device, torch.uint8) for mask in masks]),
        structure=torch.arange(len(waves), device=device).repeat_interleave(per_structure),
        pixel_area_A2=grid.sampling_A**2,
        detector=distribution.detector,
    )
