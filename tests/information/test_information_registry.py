"""Laws of every measure: what it is of itself, what an exchange does to it, its bounds, its grid."""

from dataclasses import replace

import numpy as np
import pytest
from domain_samples import domain, imaging, specimen

from passband.information import robustness, signals
from passband.information.registry import MEASURES, measure_table

DOMAINS = {
    "over": domain(imaging(-8)),
    "under": domain(imaging(8, dose=100)),
    "far": domain(imaging(25)),
    "focus": domain(imaging(0)),
    "other crystal": domain(imaging(-8), replace(specimen(shift_per_A=0.1), particle_diameter_A=25.0)),
}
PAIRS = [(a, b) for a in DOMAINS for b in DOMAINS]
TABLE = measure_table(DOMAINS, PAIRS).set_index(["train_id", "test_id"])

OF_EQUALS = {
    **dict.fromkeys(
        ["sigma_radial", "sigma_area", "sigma_specimen", "coverage_radial", "coverage_specimen"], 1.0
    ),
    **dict.fromkeys(
        ["transfer_cosine", "signal_overlap", "signal_coverage", "bits_coverage", "polarity"], 1.0
    ),
    **dict.fromkeys(["transfer_l2", "bits_gained", "log_spectrum_distance", "spectrum_divergence"], 0.0),
    **dict.fromkeys(["noise_gained", "texture_mismatch", "delocalisation_mismatch_A"], 0.0),
    **dict.fromkeys(["delocalisation_growth_A", "discriminant_loss"], 0.0),
    "displaced_dice": 1.0,
}
SHARES = (
    "epsilon_radial",
    "epsilon_area",
    "sigma_radial",
    "sigma_area",
    "sigma_specimen",
    "coverage_radial",
    "coverage_specimen",
    "signal_overlap",
    "signal_coverage",
    "bits_coverage",
    "area_under_roc",
    "expected_dice",
    "displaced_dice",
    "foretold_dice",
    "discriminant_dice",
    "discriminant_recall",
    "discriminant_false_alarms",
    "breadth_train",
    "bandwidth_train",
    "support_visibility_train",
)


@pytest.mark.parametrize("name", MEASURES)
def test_an_exchange_of_the_domains_does_what_is_declared(name: str) -> None:
    there = TABLE[name].unstack()
    back = there.T
    direction = MEASURES[name].direction
    if direction == "symmetric":
        assert np.allclose(there, back, atol=1e-12)
    elif direction == "antisymmetric":
        assert np.allclose(there, -back, atol=1e-12)
    elif direction == "of_train":
        assert np.allclose(there, there.iloc[:, [0]].to_numpy())
    elif direction == "of_test":
        assert np.allclose(there, there.iloc[[0]].to_numpy())
    else:
        assert not np.allclose(there, back, rtol=1e-3)


@pytest.mark.parametrize("name", OF_EQUALS)
def test_a_domain_compared_with_itself(name: str) -> None:
    own = np.diag(TABLE[name].unstack())
    assert own == pytest.approx(OF_EQUALS[name], abs=1e-9)


def test_measures_are_finite_and_shares_lie_between_0_and_1() -> None:
    assert np.isfinite(TABLE.to_numpy(np.float64)).all()
    for name in SHARES:
        assert TABLE[name].between(-1e-12, 1 + 1e-12).all(), name
    for name in ("transfer_cosine", "polarity", "noise_gained", "sigma_signed_radial"):
        assert TABLE[name].abs().max() <= 1 + 1e-12, name
    distances = [
        name
        for name, each in MEASURES.items()
        if each.larger < 0 and each.direction != "antisymmetric" and name != "discriminant_loss"
    ]
    assert (TABLE[distances] >= 0).all().all()


def test_no_measure_depends_on_the_grid() -> None:
    fine = {name: domain(imaging(d), n_q=384) for name, d in (("over", -8), ("far", 25))}
    refined = measure_table(fine, [("over", "far")]).iloc[0]
    for name in MEASURES:
        # the edge of texture, q = 1/patch, falls between nodes: half a spacing of them, some parts in a thousand
        assert TABLE.loc[("over", "far"), name] == pytest.approx(refined[name], rel=0.02, abs=2e-3), name


def test_a_shift_of_structure_alone_is_seen_on_the_scale_of_imaging() -> None:
    # one imaging distribution: σ is 1 whatever the weight, but what the two show of their crystals differs
    pair = TABLE.loc[("over", "other crystal")]
    assert pair["sigma_radial"] == pytest.approx(1)
    assert pair["signal_overlap"] < 0.95
    assert pair["texture_mismatch"] > 0


def test_bits_of_a_constant_signal_to_noise_ratio() -> None:
    # P/(P_s + N) = 3: ½ log2(4) = 1 bit per element of the plane, π q_max²
    own = DOMAINS["over"]
    flat = replace(own, particle=3 * (own.support + own.noise))
    assert signals.bits_per_A2(flat) == pytest.approx(np.pi * 1.25**2)


def test_bits_grow_with_dose_and_noise_shrinks() -> None:
    faint, bright = domain(imaging(-8, dose=20)), domain(imaging(-8, dose=800))
    assert signals.bits_per_A2(bright) > signals.bits_per_A2(faint)
    assert signals.noise_gained(faint, bright) < 0
    assert 0 < signals.noise_share(bright) < signals.noise_share(faint) < 1


def test_a_training_domain_by_itself() -> None:
    narrow, broad = domain(imaging(-8, std_nm=0.2)), domain(imaging(0, std_nm=8))
    assert robustness.breadth(narrow) < 0.05 < robustness.breadth(broad)
    # the support, 2-7 nm below, is in focus near -4.5 nm
    assert robustness.support_visibility(domain(imaging(-4.5, 0.5))) < robustness.support_visibility(
        domain(imaging(4.5, 0.5))
    )
    population = [domain(imaging(d)) for d in (-20, 0, 20)]
    assert 0 <= robustness.population_robustness(broad, population) <= 1
    with pytest.raises(ValueError, match="at least one reference domain"):
        robustness.population_robustness(broad, [])
