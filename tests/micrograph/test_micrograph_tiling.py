import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from passband.micrograph.tiling import Tiling, tiled_logits
from passband.networks.prediction import predicted_logits
from passband.networks.spec import NetworkSpec
from passband.networks.unet import build_network

SMALL = Tiling(tile_px=64, overlap_px=32, multiple_px=8)
WHOLE = Tiling(tile_px=4096, overlap_px=32, multiple_px=8)


def short_sighted(images: Tensor) -> Tensor:
    """Looks 7 px far, on a coarse grid of 4 px, and knows nothing beyond the edge of its image."""
    coarse = avg_pool2d(avg_pool2d(images, 4), 3, stride=1, padding=1)
    return interpolate(coarse, scale_factor=4.0) + images


@settings(max_examples=20)
@given(st.integers(20, 300), st.integers(20, 300), st.integers(0, 100))
def test_tiles_leave_no_seam_where_a_network_looks_less_far_than_a_quarter_of_the_overlap(
    ny: int, nx: int, seed: int
) -> None:
    image = np.random.default_rng(seed).normal(size=(ny, nx)).astype(np.float32)
    tiled = tiled_logits(image, short_sighted, SMALL)
    assert tiled.shape == (ny, nx)
    assert np.abs(tiled - tiled_logits(image, short_sighted, WHOLE)).max() < 1e-5


def test_a_unet_gives_on_tiles_what_it_gives_on_the_whole_image() -> None:
    """Its receptive field exceeds the overlap, but hardly anything comes from that far."""
    spec = NetworkSpec(widths=(8, 16, 16), blocks=(1, 1, 1))
    network = build_network(spec, seed=0)
    image = np.random.default_rng(0).normal(size=(416, 352)).astype(np.float32)
    with torch.no_grad():  # batch norms as after training
        network.train()(torch.from_numpy(image)[None, None])

    def predict(images: Tensor) -> Tensor:
        return predicted_logits(network, images, "float32")

    whole = tiled_logits(image, predict, Tiling(1024, 128, spec.multiple))
    tiled = tiled_logits(image, predict, Tiling(256, 128, spec.multiple))
    assert np.abs(tiled - whole).max() < 0.02 * whole.std()


@given(st.integers(1, 400), st.integers(1, 400))
def test_constant_logits_stay_constant_on_any_size(ny: int, nx: int) -> None:
    logits = tiled_logits(np.zeros((ny, nx), np.float32), lambda images: images + 3, SMALL)
    assert np.allclose(logits, 3, atol=1e-6)


def test_every_tile_has_sides_that_the_network_takes_and_begins_on_its_coarse_grid() -> None:
    image = np.arange(150 * 170, dtype=np.float32).reshape(150, 170)
    seen = []

    def predict(images: Tensor) -> Tensor:
        seen.append((int(images[0, 0, 0, 0]) // 170, int(images[0, 0, 0, 0]) % 170, *images.shape))
        return images

    tiled_logits(image, predict, SMALL)
    assert len(seen) > 4
    assert all(value % 8 == 0 for tile in seen for value in (*tile[:2], *tile[-2:]))


def test_the_progress_is_told_after_every_tile() -> None:
    told: list[tuple[int, int]] = []
    tiled_logits(
        np.zeros((100, 64), np.float32), lambda images: images, SMALL, lambda *step: told.append(step)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("tiling", [(100, 32, 8), (64, 40, 8), (64, 0, 8)])
def test_tiles_that_do_not_fit_together_are_a_mistake(tiling: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        Tiling(*tiling)
