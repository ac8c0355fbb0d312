"""The nodes that stand for a distribution."""

import numpy as np
import pytest
import torch
from scipy.special import erf

from passband.imaging.distribution import ImagingDistribution, choice, normal, uniform
from passband.imaging.draw import quadrature
from passband.information.average import first_average, with_more_nodes
from passband.information.band import Band, polar_grid
from passband.information.nodes import (
    Nodes,
    first_half,
    has_round_transfer,
    low_discrepancy_nodes,
    node_count,
    product_nodes,
    refinable,
)

TWO = ImagingDistribution(
    defocus_nm=normal(-10.0, 1.5),
    focal_spread_nm=uniform(0.5, 2.0),
    Cs_mm=choice(0.0, 1.2, weights=(1.0, 3.0)),
    convergence_mrad=0.3,
    dose_e_per_A2=uniform(100.0, 400.0),
)


def mean(nodes: Nodes, values: torch.Tensor) -> float:
    return float((nodes.weights * values).sum())


def test_nodes_are_a_product_of_one_rule_per_setting_and_the_dose_takes_none() -> None:
    orders = {"defocus_nm": 4, "focal_spread_nm": 3}
    nodes = product_nodes(TWO, orders)
    assert len(nodes.weights) == node_count(TWO, orders) == 4 * 3 * 2
    assert nodes.weights.sum() == pytest.approx(1)
    assert refinable(TWO) == ("defocus_nm", "focal_spread_nm")
    assert torch.isinf(nodes.condition.dose_e_per_A2).all()


def test_equal_orders_give_the_nodes_of_the_plain_quadrature() -> None:
    plain = TWO.model_copy(update={"dose_e_per_A2": None})
    condition, weights = quadrature(plain, 5)
    nodes = product_nodes(TWO, {"defocus_nm": 5, "focal_spread_nm": 5})
    expected = {
        tuple(np.round(row, 6))
        for row in torch.cat(
            [condition.coefficients_A, condition.focal_spread_A[:, None], weights[:, None]], 1
        ).numpy()
    }
    found = {
        tuple(np.round(row, 6))
        for row in torch.cat(
            [nodes.condition.coefficients_A, nodes.condition.focal_spread_A[:, None], nodes.weights[:, None]],
            1,
        ).numpy()
    }
    assert found == expected
    assert len(found) == 50


def test_means_over_the_nodes_are_those_of_the_distributions() -> None:
    nodes = product_nodes(TWO, {"defocus_nm": 12, "focal_spread_nm": 3})
    # underfocus is positive, C10 = -defocus: -10 nm is C10 = +100 Å
    assert mean(nodes, nodes.condition.C10_A) == pytest.approx(100)
    # a normal distribution cut at ±4: the variance is less than 1 by 2·4·φ(4)/(2Φ(4) - 1) = 0.00107
    cut = 1 - 8 * np.exp(-8) / np.sqrt(2 * np.pi) / erf(4 / np.sqrt(2))
    assert mean(nodes, (nodes.condition.C10_A - 100) ** 2) == pytest.approx(15**2 * cut, rel=1e-6)
    # uniform between 5 and 20 Å: the mean square is (20³ - 5³) / (3·15) = 175
    assert mean(nodes, nodes.condition.focal_spread_A**2) == pytest.approx(175)
    # a quarter without, three quarters with 1.2 mm = 1.2e7 Å
    assert mean(nodes, nodes.condition.coefficient_A("C30")) == pytest.approx(0.75 * 1.2e7)
    assert nodes.condition.convergence_rad.numpy() == pytest.approx(3e-4)


def test_points_of_low_discrepancy_have_the_same_means_and_so_has_their_first_half() -> None:
    nodes = low_discrepancy_nodes(TWO)
    for each in (nodes, first_half(nodes)):
        assert each.weights.sum() == pytest.approx(1)
        assert mean(each, each.condition.C10_A) == pytest.approx(100, abs=0.1)
        assert mean(each, each.condition.focal_spread_A**2) == pytest.approx(175, abs=0.5)
    assert len(nodes.weights) == 2 * len(first_half(nodes).weights) == 4096


def test_transfer_is_round_until_an_aberration_with_an_azimuth_can_occur() -> None:
    assert has_round_transfer(TWO)
    assert has_round_transfer(ImagingDistribution(defocus_nm=5.0, phi12_deg=30.0, C50_nm=1e6))
    assert not has_round_transfer(ImagingDistribution(defocus_nm=5.0, C12_nm=uniform(-1.0, 1.0)))
    assert not has_round_transfer(ImagingDistribution(defocus_nm=5.0, C56_nm=1.0))


def test_a_distribution_without_spread_is_one_node() -> None:
    nodes = product_nodes(ImagingDistribution(defocus_nm=7.0), {})
    assert nodes.condition.batch_shape == nodes.weights.shape == (1,)
    assert nodes.condition.C10_A.item() == -70


def test_drift_of_varying_length_and_direction_is_refined_as_one() -> None:
    # the mean of sinc(q·d) over lengths up to 1 nm needs many nodes; halved, the rule has to show it
    drifting = ImagingDistribution(
        defocus_nm=-10.0, drift_nm=uniform(0.0, 1.0), drift_deg=uniform(0.0, 360.0)
    )
    assert refinable(drifting) == ("drift_nm",)
    grid = polar_grid(Band(), 32, 4)
    first = first_average(drifting, grid)
    assert np.abs(first.coarser["drift_nm"].mean_power - first.moments.mean_power).max() > 1e-3
    finer = with_more_nodes(first, {"drift_nm"})
    assert finer is not None
    assert node_count(drifting, finer.orders) == 4 * node_count(drifting, first.orders)
    assert len(product_nodes(drifting, finer.orders).weights) == node_count(drifting, finer.orders)
