"""Which conditions stand for a distribution: the nodes and weights of a deterministic mean over it.

Every varying setting has its own Gauss rule with its own number of nodes, since one of them may turn the
phase by tens of radians and another by less than one; their product is the rule of the distribution. Where
that product would be too long, the points of a Sobol sequence stand in. The dose takes no nodes: transfer
does not depend on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.condition import ImagingCondition
from passband.imaging.distribution import (
    ImagingDistribution,
    Value,
    is_varying,
    mean_value,
    mixture,
    support,
)
from passband.imaging.draw import LONGEST_PRODUCT, mean_condition, quadrature


@dataclass(frozen=True)
class Nodes:
    """Conditions (k,) and their weights (k,) float64, which sum to 1."""

    condition: ImagingCondition
    weights: Tensor


def without_dose(distribution: ImagingDistribution) -> ImagingDistribution:
    """The same distribution without shot noise, which is all the same to the transfer."""
    return distribution.model_copy(update={"dose_e_per_A2": None})


def node_count(distribution: ImagingDistribution, orders: Mapping[str, int]) -> int:
    """Length of the product rule with the given order of each varying setting, 1 for those not named."""
    varying = without_dose(distribution).varying()
    return prod(
        _rule_length(varying[name], _order(names, orders))
        for names in _acting_together(tuple(varying))
        for name in names
    )


def has_round_transfer(distribution: ImagingDistribution) -> bool:
    """Whether there is no drift and no aberration with an azimuth, so that transfer depends on |q| alone."""
    values = distribution.parameters()
    if support(values["drift_nm"]) != (0.0, 0.0):
        return False
    with_azimuth = [values[f"{symbol}_nm"] for symbol, _, symmetry, _ in ABERRATIONS if symmetry > 0]
    return all(support(value) == (0.0, 0.0) for value in with_azimuth)


def refinable(distribution: ImagingDistribution) -> tuple[str, ...]:
    """The varying settings whose rule depends on its order: all but choices between numbers.

    Of settings that are drawn together the first stands for all of them.
    """
    varying = without_dose(distribution).varying()
    found = [name for name, value in varying.items() if _rule_length(value, 2) > _rule_length(value, 1)]
    return tuple(names[0] for names in _acting_together(tuple(found)))


def product_nodes(distribution: ImagingDistribution, orders: Mapping[str, int]) -> Nodes:
    """The product of one rule per varying setting, of the order that is given for it by key, else 1.

    Each setting acts on an entry of its own in the condition, so conditions of a product are sums of
    differences; only the length and the direction of a drift act on one, and are drawn together.
    """
    distribution = without_dose(distribution)
    varying = distribution.varying()
    centre = mean_condition(distribution)
    condition, weights = centre, torch.ones((), dtype=torch.float64)
    for names in _acting_together(tuple(varying)):
        others = {other: mean_value(value) for other, value in varying.items() if other not in names}
        rule, share = quadrature(distribution.model_copy(update=others), _order(names, orders))
        condition = _crossed(condition, rule, centre)
        weights = weights[..., None] * share
    return Nodes(condition.flattened(), weights.flatten())


def low_discrepancy_nodes(distribution: ImagingDistribution) -> Nodes:
    """Points of a Sobol sequence, for two refinable settings or more; their first half is a rule itself."""
    distribution = without_dose(distribution)
    varying = distribution.varying()
    order = 1
    while node_count(distribution, dict.fromkeys(varying, order)) <= LONGEST_PRODUCT:
        order += 1
    return Nodes(*quadrature(distribution, order))


def first_half(nodes: Nodes) -> Nodes:
    """The first half of a low-discrepancy rule, as a rule."""
    half = len(nodes.weights) // 2
    return Nodes(nodes.condition[:half], nodes.weights[:half] / nodes.weights[:half].sum())


def _rule_length(value: Value, order: int) -> int:
    return sum(order if is_varying(option) else 1 for option, _ in mixture(value))


def _order(names: tuple[str, ...], orders: Mapping[str, int]) -> int:
    """The order of settings that are drawn together: the highest that is given for one of them."""
    return max(orders.get(name, 1) for name in names)


def _acting_together(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    drift = tuple(name for name in names if name in ("drift_nm", "drift_deg"))
    return [*((name,) for name in names if name not in drift), *([drift] if drift else [])]


def _crossed(grown: ImagingCondition, rule: ImagingCondition, centre: ImagingCondition) -> ImagingCondition:
    """Conditions (..., k): each of those so far (...) with the change that each of the rule (k,) makes."""
    return ImagingCondition(
        grown.energy_eV,
        grown.coefficients_A[..., None, :] + (rule.coefficients_A - centre.coefficients_A),
        grown.azimuths_rad[..., None, :] + (rule.azimuths_rad - centre.azimuths_rad),
        grown.focal_spread_A[..., None] + (rule.focal_spread_A - centre.focal_spread_A),
        grown.convergence_rad[..., None] + (rule.convergence_rad - centre.convergence_rad),
        grown.dose_e_per_A2[..., None] + torch.zeros_like(rule.dose_e_per_A2),
        _added(grown.vibration_A, rule.vibration_A, centre.vibration_A, -1),
        _added(grown.drift_A, rule.drift_A, centre.drift_A, -2),
    )


def _added(grown: Tensor | None, rule: Tensor | None, centre: Tensor | None, axis: int) -> Tensor | None:
    """grown with the change from centre to rule along a new axis, None counting as zero where another is known."""
    known = next((each for each in (grown, rule, centre) if each is not None), None)
    if known is None:
        return None
    nothing = torch.zeros((), dtype=known.dtype)
    start = nothing if grown is None else grown.unsqueeze(axis)
    change = (nothing if rule is None else rule) - (nothing if centre is None else centre)
    return start + change
