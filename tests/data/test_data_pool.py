"""A pool is what imaging gives, structure by structure."""

import pytest
import torch

from passband.data.pool import ImagePool, form_pool
from passband.grid import Grid
from passband.imaging.detector import Detector, Falloff
from passband.imaging.distribution import ImagingDistribution, normal
from passband.imaging.draw import draw_conditions
from passband.imaging.image import intensity
from passband.imaging.recording import Recording
from passband.wave import ExitWave, SceneWaves

GRID = Grid((32, 32), 0.4)
DISTRIBUTION = ImagingDistribution(defocus_nm=normal(-10, 1.5), dose_e_per_A2=400.0)


def scene(seed: int) -> SceneWaves:
    """A weak, smooth phase object."""
    phase = torch.randn(1, 32, 32, generator=torch.Generator().manual_seed(seed))
    spectrum = torch.fft.fft2(phase)
    spectrum[..., 5:-5, :] = 0
    spectrum[..., :, 5:-5] = 0
    wave = ExitWave(torch.exp(1j * torch.fft.ifft2(spectrum).real), GRID, 300e3, focus_offset_A=12.0)
    return SceneWaves(full=wave, particles=wave)


def masks(n: int) -> list[torch.Tensor]:
    return [torch.full((32, 32), float(row % 2)) for row in range(n)]


def test_images_stand_structure_by_structure_under_the_conditions_of_the_seed() -> None:
    scenes = [scene(n) for n in range(3)]
    pool = form_pool(scenes, masks(3), DISTRIBUTION, per_structure=2, seed=7)
    conditions = draw_conditions(DISTRIBUTION, 6, 7)
    for n in range(6):
        torch.testing.assert_close(pool.images[n], intensity(scenes[n // 2].full, conditions[n]))
    assert pool.structure.tolist() == [0, 0, 1, 1, 2, 2]
    assert pool.images.shape == (len(pool), 32, 32)


def test_a_pool_is_noiseless_and_keeps_dose_pixel_and_masks() -> None:
    pool = form_pool([scene(0), scene(1)], masks(2), DISTRIBUTION, per_structure=3, seed=7)
    again = form_pool([scene(0), scene(1)], masks(2), DISTRIBUTION, per_structure=3, seed=7)
    assert torch.equal(pool.images, again.images)
    assert pool.dose_e_per_A2.tolist() == [400.0] * 6
    assert pool.pixel_area_A2 == pytest.approx(0.16)
    assert pool.masks.dtype == torch.uint8
    assert [mask.float().mean().item() for mask in pool.masks] == [0, 1]


def test_no_shot_noise_is_an_infinite_dose() -> None:
    pool = form_pool([scene(0)], masks(1), ImagingDistribution(defocus_nm=5.0), per_structure=1, seed=0)
    assert pool.dose_e_per_A2.tolist() == [torch.inf]


def test_detector_and_coherence_of_the_distribution_form_its_images() -> None:
    detector = Detector(mtf=Falloff(form="gaussian", half_at=0.4), ntf=Falloff(form="gaussian", half_at=0.5))
    own = DISTRIBUTION.model_copy(
        update={"detector": detector, "coherence": "explicit", "focal_spread_nm": 4.0}
    )
    plain = DISTRIBUTION.model_copy(update={"focal_spread_nm": 4.0})
    pool, ideal = (form_pool([scene(1)], masks(1), each, 2, seed=7) for each in (own, plain))
    expected = intensity(scene(1).full, draw_conditions(own, 2, 7), Recording("explicit", detector))
    torch.testing.assert_close(pool.images, expected)
    assert float((pool.images - ideal.images).abs().max()) > 1e-3
    assert pool.detector == detector == pool.to("cpu").detector


@pytest.mark.parametrize(("pixel_nm", "count"), [(0.032, 40), (0.064, 20)])
def test_a_pool_has_the_pixels_of_its_distribution(pixel_nm: float, count: int) -> None:
    own = DISTRIBUTION.model_copy(update={"pixel_nm": pixel_nm})
    pool = form_pool([scene(1)], [torch.ones(count, count)], own, 2, seed=7)
    expected = intensity(scene(1).full, draw_conditions(own, 2, 7), Recording(pixel_A=10 * pixel_nm))
    torch.testing.assert_close(pool.images, expected)
    assert pool.images.shape == (2, count, count)
    assert pool.pixel_area_A2 == pytest.approx(100 * pixel_nm**2)
    with pytest.raises(ValueError, match="do not fit"):
        form_pool([scene(1)], masks(1), own, 2, seed=7)


def test_another_seed_images_under_other_conditions() -> None:
    first, other = (form_pool([scene(0)], masks(1), DISTRIBUTION, 1, seed).images for seed in (1, 2))
    assert not torch.equal(first, other)


def test_scenes_and_masks_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="2 scenes and 1 masks"):
        form_pool([scene(0), scene(1)], masks(1), DISTRIBUTION, 1, 0)
    with pytest.raises(ValueError, match="do not fit"):
        ImagePool(torch.ones(1, 4, 4), torch.ones(1), torch.ones(1, 4, 8), torch.zeros(1), 1.0)
    with pytest.raises(ValueError, match="at least one image"):
        ImagePool(torch.ones(0, 4, 4), torch.ones(0), torch.ones(1, 4, 4), torch.zeros(0), 1.0)


def test_a_pool_moves_as_a_whole() -> None:
    pool = form_pool([scene(0)], masks(1), DISTRIBUTION, 2, 0)
    moved = pool.to("meta")
    assert {part.device.type for part in (moved.images, moved.masks, moved.structure)} == {"meta"}
    assert moved.pixel_area_A2 == pool.pixel_area_A2
