import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.fourier import resample
from passband.grid import Grid
from passband.seeds import random_stream, seed_for

sizes = st.integers(4, 24)


def wave(shape: tuple[int, int], ky: int, kx: int) -> torch.Tensor:
    """A plane wave with whole numbers of periods in the field."""
    y = torch.arange(shape[0], dtype=torch.float64)[:, None] / shape[0]
    x = torch.arange(shape[1], dtype=torch.float64)[None, :] / shape[1]
    return torch.exp(2j * torch.pi * (ky * y + kx * x))


@given(sizes, sizes, sizes, sizes, st.data())
def test_a_plane_wave_in_both_bands_stays_a_plane_wave(
    ny: int, nx: int, my: int, mx: int, data: st.DataObject
) -> None:
    reach_y, reach_x = (min(ny, my) - 1) // 2, (min(nx, mx) - 1) // 2
    ky, kx = data.draw(st.integers(-reach_y, reach_y)), data.draw(st.integers(-reach_x, reach_x))
    resampled = resample(wave((ny, nx), ky, kx), (my, mx))
    torch.testing.assert_close(resampled, wave((my, mx), ky, kx), atol=1e-9, rtol=0)


@given(sizes, sizes)
def test_a_frequency_beyond_the_smaller_band_disappears(n: int, m: int) -> None:
    small, large = sorted((n, 2 * m + 4))
    beyond = large // 2 - 1
    if beyond > (small - 1) // 2 and small < large:
        assert resample(wave((large, large), beyond, 0), (small, small)).abs().max() < 1e-9


@given(st.integers(2, 12), st.integers(2, 24))
def test_the_nyquist_line_of_an_even_size_disappears_when_the_size_changes(half: int, other: int) -> None:
    """Cropped or padded: alone, without the positive frequency that belongs to it, it would not be real."""
    n = 2 * half
    resampled = resample(wave((n, n), half, 0), (other, n))
    assert resampled.abs().max() == pytest.approx(1.0 if other == n else 0.0, abs=1e-9)


def test_real_fields_stay_real_and_keep_their_mean() -> None:
    field = torch.randn(3, 16, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    smaller = resample(field, (10, 12))
    assert not smaller.is_complex()
    torch.testing.assert_close(smaller.mean((-2, -1)), field.mean((-2, -1)))


def test_frequencies_of_a_grid_follow_from_its_extent() -> None:
    grid = Grid((4, 8), 0.5)
    qy, qx = grid.frequencies_per_A()
    assert grid.extent_A == (2.0, 4.0)
    assert grid.nyquist_per_A == 1.0
    assert qy[1, 0] == 1 / 2.0
    assert qx[0, 1] == 1 / 4.0


@given(st.integers(0, 2**40), st.text(max_size=8), st.text(max_size=8))
def test_streams_repeat_by_name_and_differ_between_names(root: int, one: str, other: str) -> None:
    assert seed_for(root, one) == seed_for(root, one) < 2**63
    if one != other:
        assert seed_for(root, one) != seed_for(root, other)
    assert random_stream(root, one).random() == random_stream(root, one).random()
