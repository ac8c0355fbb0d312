from math import cos, pi

import pytest
import torch
from torch import Tensor

from passband.electron import wavelength_A
from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.phase import chi, chi_curvature, chi_slope, is_round

ENERGY_EV = 300e3


def axes(n: int = 9) -> tuple[Tensor, Tensor]:
    q = torch.linspace(-1.1, 1.0, n, dtype=torch.float64)
    return q[:, None], q[None, :] + 0.03


def only(symbol: str, coefficient_A: float, azimuth_rad: float) -> ImagingCondition:
    nothing = symmetric_condition(ENERGY_EV, 0.0)
    return with_aberrations(nothing, {symbol: coefficient_A}, {symbol: azimuth_rad})


@pytest.mark.parametrize("aberration", ABERRATIONS, ids=lambda a: a.symbol)
def test_chi_of_each_aberration_is_krivaneks_formula(aberration: tuple[str, int, int, str]) -> None:
    symbol, n, m, _ = aberration
    wavelength = wavelength_A(ENERGY_EV)
    size = 20 * wavelength / (2 * pi) * (n + 1) / (wavelength * 1.1) ** (n + 1)  # 20 rad at 1.1 1/Å
    got = chi(only(symbol, size, 0.4), *axes())
    qy, qx = torch.broadcast_tensors(*axes())
    alpha, direction = wavelength * torch.hypot(qy, qx), torch.atan2(qy, qx)
    formula = 2 * pi / wavelength * size * alpha ** (n + 1) / (n + 1) * torch.cos(m * (direction - 0.4))
    assert torch.allclose(got, formula, atol=1e-9)


@pytest.mark.parametrize("aberration", ABERRATIONS, ids=lambda a: a.symbol)
def test_the_slope_is_the_derivative_of_chi(aberration: tuple[str, int, int, str]) -> None:
    symbol, n, _, _ = aberration
    wavelength = wavelength_A(ENERGY_EV)
    condition = only(symbol, wavelength / (wavelength * 1.1) ** (n + 1), 0.4)
    qy, qx = axes()
    h = 1e-5
    slope_y, slope_x = chi_slope(condition, qy, qx)
    by_y = (chi(condition, qy + h, qx) - chi(condition, qy - h, qx)) / (2 * h * wavelength)
    by_x = (chi(condition, qy, qx + h) - chi(condition, qy, qx - h)) / (2 * h * wavelength)
    assert torch.allclose(slope_y, by_y, rtol=1e-6, atol=1e-4)
    assert torch.allclose(slope_x, by_x, rtol=1e-6, atol=1e-4)


def test_defocus_and_spherical_aberration_are_the_known_polynomial() -> None:
    # χ = π λ C10 q² + (π/2) C30 λ³ q⁴, with C10 = -defocus
    wavelength, q = wavelength_A(ENERGY_EV), 0.7
    got = chi(
        symmetric_condition(ENERGY_EV, -560.0, 1.2e7), torch.tensor([[0.0]]), torch.tensor([[q]]).double()
    )
    assert float(got) == pytest.approx(-pi * wavelength * 560 * q**2 + pi / 2 * 1.2e7 * wavelength**3 * q**4)


def test_azimuths_run_from_x_to_y() -> None:
    # C12 > 0 with azimuth 0 adds to C10 along x (columns) and takes from it along y (rows)
    wavelength, q = wavelength_A(ENERGY_EV), torch.tensor([[0.5]], dtype=torch.float64)
    astigmatic, zero = only("C12", 100.0, 0.0), torch.zeros_like(q)
    along_x = pi * wavelength * 100 * 0.25
    assert float(chi(astigmatic, zero, q)) == pytest.approx(along_x)
    assert float(chi(astigmatic, q, zero)) == pytest.approx(-along_x)
    turned = only("C12", 100.0, 0.3)
    assert float(chi(turned, zero, q)) == pytest.approx(along_x * cos(0.6))


def test_axes_and_single_points_give_the_same() -> None:
    condition = with_aberrations(
        symmetric_condition(ENERGY_EV, torch.tensor([50.0, 70.0])), {"C23": 3e3, "C45": 1e6}
    )
    qy, qx = axes()
    rows, columns = (part.contiguous() for part in torch.broadcast_tensors(qy, qx))
    assert torch.allclose(chi(condition, qy, qx), chi(condition, rows, columns), atol=1e-9)
    assert chi(condition, rows, columns).shape == (2, 9, 9)


def test_the_curvature_is_the_derivative_of_the_slope() -> None:
    condition = with_aberrations(
        symmetric_condition(ENERGY_EV, 500.0, 1e7), {"C12": 100.0, "C21": 1e4, "C45": 1e8}, {"C21": 0.4}
    )
    qy, qx = axes()
    step = 1e-4
    angle = wavelength_A(ENERGY_EV) * step
    yy, yx, xx = chi_curvature(condition, qy, qx)
    by_y, by_x = (
        [
            (ahead - behind) / (2 * angle)
            for ahead, behind in zip(
                chi_slope(condition, qy + dy, qx + dx), chi_slope(condition, qy - dy, qx - dx), strict=True
            )
        ]
        for dy, dx in ((step, 0.0), (0.0, step))
    )
    for exact, found in ((yy, by_y[0]), (yx, by_y[1]), (yx, by_x[0]), (xx, by_x[1])):
        assert torch.allclose(exact, found, rtol=1e-4, atol=1e-4 * float(exact.abs().max()))


def test_round_means_without_any_aberration_that_has_an_azimuth() -> None:
    assert is_round(symmetric_condition(ENERGY_EV, 100.0, 1e7))
    assert not is_round(only("C12", 1e-3, 0.0))
    one_of_two = with_aberrations(
        symmetric_condition(ENERGY_EV, torch.zeros(2)), {"C21": torch.tensor([0.0, 1.0])}
    )
    assert not is_round(one_of_two)
