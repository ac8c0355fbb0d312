import pytest

from passband.scattering.field import field_grid
from passband.scattering.spec import SimulationSpec
from passband.study.pixels import fitting_pixels

STANDARD = SimulationSpec(sampling_A=0.2, stored_sampling_A=0.4)


@pytest.mark.parametrize("cell_A", [(63.17, 63.17, 20.0), (51.2, 76.8, 1.0), (40.78, 81.56, 5.0)])
def test_pixels_are_made_to_divide_a_field_and_never_coarser(cell_A: tuple[float, float, float]) -> None:
    spec = fitting_pixels(STANDARD, cell_A)
    assert 0.8 * 0.2 <= spec.sampling_A <= 0.2 * (1 + 1e-9)
    assert spec.stored_sampling_A == pytest.approx(2 * spec.sampling_A)
    for sampling_A in (spec.sampling_A, spec.stored_sampling_A):
        rows, columns = field_grid(cell_A, sampling_A, "pixel").shape
        assert rows % 2 == 0
        assert columns % 2 == 0


def test_settings_that_fit_stay_as_they_are() -> None:
    assert fitting_pixels(STANDARD, (102.4, 102.4, 50.0)) == STANDARD


def test_a_field_without_common_square_pixels_is_left_to_the_error_of_the_field() -> None:
    # sides in the ratio √2 have no common pixel
    assert fitting_pixels(STANDARD, (40.0, 56.5685, 5.0)) == STANDARD
