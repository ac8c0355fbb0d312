import csv
import io
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.micrograph.particles import measured_particles, particles_csv

PIXEL_NM = (0.1, 0.2)
"""y, x."""


def test_particles_are_measured_on_pixels_that_need_not_be_square() -> None:
    mask = np.zeros((100, 80), bool)
    mask[10:30, 20:40] = True  # 2 nm x 4 nm, from y = 1 nm and x = 4 nm
    mask[60:, 70:] = True  # 4 nm x 2 nm, at two edges
    inner, outer = measured_particles(mask, PIXEL_NM)
    assert (inner.id, outer.id) == (1, 2)
    assert (inner.centre_y_nm, inner.centre_x_nm) == pytest.approx((2, 6))
    assert (inner.centre_y_px, inner.centre_x_px) == pytest.approx((19.5, 29.5))
    assert inner.area_nm2 == pytest.approx(8)
    assert inner.equivalent_diameter_nm == pytest.approx(2 * sqrt(8 / pi))
    assert (inner.touches_edge, outer.touches_edge) == (False, True)


def test_specks_below_a_square_nanometre_are_no_particles() -> None:
    mask = np.zeros((50, 50), bool)
    mask[5:15, 5:9] = True  # 40 px of 0.02 nm² are 0.8 nm²
    mask[30:40, 30:36] = True  # 60 px are 1.2 nm²
    (particle,) = measured_particles(mask, PIXEL_NM)
    assert particle.area_nm2 == pytest.approx(1.2)


@given(st.integers(0, 10_000))
def test_mirrored_masks_have_mirrored_particles(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.uniform(size=(6, 7)) < 0.4, np.ones((20, 15), bool))
    width_nm = mask.shape[1] * PIXEL_NM[1]
    plain = {
        (p.centre_y_nm, width_nm - p.centre_x_nm, p.area_nm2) for p in measured_particles(mask, PIXEL_NM)
    }
    mirrored = {
        (p.centre_y_nm, p.centre_x_nm, p.area_nm2) for p in measured_particles(mask[:, ::-1], PIXEL_NM)
    }
    assert np.allclose(sorted(plain), sorted(mirrored))


def test_an_empty_mask_has_an_empty_table_with_its_header() -> None:
    table = particles_csv(measured_particles(np.zeros((40, 40), bool), PIXEL_NM))
    assert table == (
        "id,centre_x_nm,centre_y_nm,area_nm2,equivalent_diameter_nm,touches_edge,centre_x_px,centre_y_px\n"
    )


def test_the_table_can_be_read_back() -> None:
    mask = np.zeros((100, 80), bool)
    mask[10:30, 20:40] = True
    (row,) = csv.DictReader(io.StringIO(particles_csv(measured_particles(mask, PIXEL_NM))))
    assert row["id"] == "1"
    assert float(row["area_nm2"]) == pytest.approx(8)
    assert row["touches_edge"] == "False"
