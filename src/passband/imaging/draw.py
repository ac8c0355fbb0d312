"""From a distribution to conditions: random draws, and the nodes of a quadrature.

Every setting has its own named stream of random numbers, so letting one more setting vary leaves the draws of
the others as they are. The quadrature is the product of one rule per varying setting: Gauss-Legendre for a
uniform distribution, the Gauss rule of the cut normal for a normal one, each option of a choice in turn. If
the product would be too long, 4096 points of a Sobol sequence take its place, mapped through the same inverse
distribution functions as the random draws.

Rules: W. Gautschi, Orthogonal Polynomials: Computation and Approximation (2004), secs. 2.2 and 3.1.
"""

from functools import lru_cache
from itertools import product
from math import prod
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import qmc
from torch import Tensor

from passband.imaging.aberrations import ABERRATIONS, POSITION
from passband.imaging.condition import ImagingCondition
from passband.imaging.distribution import (
    NORMAL_CUT_STD,
    Choice,
    ImagingDistribution,
    Normal,
    Option,
    Uniform,
    Value,
    mean_value,
    mixture,
)
from passband.seeds import random_stream
from passband.units import deg_to_rad, kV_to_eV, mm_to_A, mrad_to_rad, nm_to_A

LONGEST_PRODUCT: Final = 4096
"""The most nodes that a product of rules may have; a power of two, as the Sobol sequence wants it."""

Floats = NDArray[np.float64]


def draw_conditions(distribution: ImagingDistribution, n: int, seed: int) -> ImagingCondition:
    """n independent conditions (batch shape (n,)); the same seed gives the same conditions."""
    values = {
        name: quantile(parameter, random_stream(seed, "imaging", name).random(n))
        for name, parameter in distribution.parameters().items()
    }
    return _condition(distribution.energy_kV, values)


def quadrature(distribution: ImagingDistribution, order: int) -> tuple[ImagingCondition, Tensor]:
    """Conditions (k,) and weights (k,) float64, summing to 1, of a deterministic mean over the distribution.

    Each varying setting takes ``order`` >= 1 nodes (as many for each varying option of a choice).
    """
    parameters = distribution.parameters()
    rules = {name: _rule(value, order) for name, value in distribution.varying().items()}
    if prod(len(nodes) for nodes, _ in rules.values()) > LONGEST_PRODUCT:
        return _sobol_mean(distribution)
    weights = np.array(
        [prod(part) for part in product(*(part for _, part in rules.values()))], dtype=np.float64
    )
    grid = np.array(list(product(*(nodes for nodes, _ in rules.values())))).reshape(len(weights), len(rules))
    values = {name: np.full(len(weights), mean_value(value)) for name, value in parameters.items()}
    values |= {name: grid[:, column] for column, name in enumerate(rules)}
    return _condition(distribution.energy_kV, values), torch.from_numpy(weights / weights.sum())


def mean_condition(distribution: ImagingDistribution) -> ImagingCondition:
    """The one condition (batch shape ()) with every setting at its mean."""
    values = {name: np.array(mean_value(value)) for name, value in distribution.parameters().items()}
    return _condition(distribution.energy_kV, values)


def quantile(parameter: Value, u: Floats) -> Floats:
    """Inverse distribution function: values in the unit of the parameter's key, for u in [0, 1)."""
    if isinstance(parameter, Normal):
        below = ndtr(-NORMAL_CUT_STD)
        scaled: Floats = ndtri(below + u * (1 - 2 * below))
        return parameter.normal.mean + parameter.normal.std * scaled
    if isinstance(parameter, Uniform):
        lo, hi = parameter.uniform
        return lo + (hi - lo) * u
    if isinstance(parameter, Choice):
        return _choice_quantile(parameter, u)
    return np.full_like(u, parameter)


def _choice_quantile(parameter: Choice, u: Floats) -> Floats:
    """The first part of [0, 1) belongs to the first option, and is stretched to [0, 1) for it; and so on."""
    parts = mixture(parameter)
    ends = np.cumsum([weight for _, weight in parts])
    taken = np.minimum(np.searchsorted(ends, u, side="right"), len(parts) - 1)
    values = np.empty_like(u)
    for index, (option, weight) in enumerate(parts):
        own = taken == index
        stretched = (u[own] - (ends[index] - weight)) / weight
        values[own] = quantile(option, np.clip(stretched, 0.0, 1.0))
    return values


def _rule(parameter: Value, order: int) -> tuple[Floats, Floats]:
    """Nodes and weights of a parameter."""
    if order < 1:
        raise ValueError(f"a quadrature needs an order of 1 or more, not {order}")
    rules = [(*_option_rule(option, order), weight) for option, weight in mixture(parameter)]
    nodes = np.concatenate([nodes for nodes, _, _ in rules])
    return nodes, np.concatenate([weights * share for _, weights, share in rules])


def _option_rule(option: Option, order: int) -> tuple[Floats, Floats]:
    if isinstance(option, Normal):
        nodes, weights = _cut_normal_rule(order)
        return option.normal.mean + option.normal.std * nodes, weights
    if isinstance(option, Uniform):
        lo, hi = option.uniform
        nodes, weights = np.polynomial.legendre.leggauss(order)
        return (lo + hi) / 2 + (hi - lo) / 2 * nodes, weights / 2
    return np.array([option]), np.ones(1)


@lru_cache(maxsize=32)
def _cut_normal_rule(order: int) -> tuple[Floats, Floats]:
    """Gauss rule of the standard normal cut at ±4, by the discretised Stieltjes procedure."""
    nodes, weights = np.polynomial.legendre.leggauss(2 * order + 60)
    nodes = NORMAL_CUT_STD * nodes
    weights = weights * np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    before, current = np.zeros_like(nodes), np.ones_like(nodes)
    couplings = np.zeros(order)
    for k in range(1, order):
        after = nodes * current - couplings[k - 1] * before
        couplings[k] = np.sqrt(np.sum(weights * after**2))
        before, current = current, after / couplings[k]
    jacobi = np.diag(couplings[1:], 1) + np.diag(couplings[1:], -1)
    gauss_nodes, vectors = np.linalg.eigh(jacobi)
    return gauss_nodes, vectors[0] ** 2


def _sobol_mean(distribution: ImagingDistribution) -> tuple[ImagingCondition, Tensor]:
    varying = distribution.varying()
    points = qmc.Sobol(len(varying), scramble=False).random(LONGEST_PRODUCT) + 0.5 / LONGEST_PRODUCT
    values = {name: np.full(LONGEST_PRODUCT, mean_value(p)) for name, p in distribution.parameters().items()}
    values |= {name: quantile(p, points[:, column]) for column, (name, p) in enumerate(varying.items())}
    weights = torch.full((LONGEST_PRODUCT,), 1 / LONGEST_PRODUCT, dtype=torch.float64)
    return _condition(distribution.energy_kV, values), weights


def _condition(energy_kV: float, values: dict[str, Floats]) -> ImagingCondition:
    """Settings in the user's units, all of one shape, to a condition in ours: the door."""
    none = np.zeros_like(values["defocus_nm"])
    values = values | {"C10_nm": -values["defocus_nm"], "C30_nm": none}
    coefficients = [nm_to_A(1.0) * values[f"{symbol}_nm"] for symbol, *_ in ABERRATIONS]
    coefficients[POSITION["C30"]] = mm_to_A(1.0) * values["Cs_mm"]
    azimuths = [deg_to_rad(1.0) * values.get(f"phi{symbol[1:]}_deg", none) for symbol, *_ in ABERRATIONS]
    return ImagingCondition(
        kV_to_eV(energy_kV),
        torch.as_tensor(np.stack(coefficients, axis=-1)),
        torch.as_tensor(np.stack(azimuths, axis=-1)),
        torch.as_tensor(nm_to_A(1.0) * values["focal_spread_nm"]),
        torch.as_tensor(mrad_to_rad(1.0) * values["convergence_mrad"]),
        torch.as_tensor(values["dose_e_per_A2"]),
        *_motion(values),
    )


def _motion(values: dict[str, Floats]) -> tuple[Tensor | None, Tensor | None]:
    """Vibration and drift of conditions, None where there is none."""
    vibration_A = nm_to_A(1.0) * values["vibration_nm"]
    direction = deg_to_rad(1.0) * values["drift_deg"]
    drift_A = nm_to_A(1.0) * np.stack(
        [values["drift_nm"] * np.sin(direction), values["drift_nm"] * np.cos(direction)], axis=-1
    )
    vibration, drift = (torch.as_tensor(part) if part.any() else None for part in (vibration_A, drift_A))
    return vibration, drift
