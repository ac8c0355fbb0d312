"""Laws of the measures over random pairs of imaging distributions, and their error against dense integration."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.electron import wavelength_A
from passband.imaging.distribution import ImagingDistribution, Value, choice, normal, uniform
from passband.information import average, convergence
from passband.information.band import Band
from passband.information.pairs import (
    PairInformation,
    converged_moments,
    pair_information,
    pairs_information,
)
from passband.information.spectra import RadialSpectrum
from passband.information.weights import AREA, RADIAL, Weight, specimen_weight

BAND = Band()
NARROW = ImagingDistribution(defocus_nm=normal(-10.0, 1.5), focal_spread_nm=1.0)
SPECIMEN = specimen_weight(RadialSpectrum(np.linspace(0, 1.3, 40), np.exp(-np.linspace(0, 4, 40))))
WEIGHTS = {"radial": RADIAL, "area": AREA, "specimen": SPECIMEN}
MEASURES = ("epsilon_a", "epsilon_b", "sigma", "sigma_signed", "coverage_of_b_by_a")

defocus = st.floats(-40, 40)
defoci: st.SearchStrategy[Value] = st.one_of(
    defocus,
    st.builds(normal, defocus, st.floats(0.1, 5)),
    st.builds(lambda lo, width: uniform(lo, lo + width), defocus, st.floats(0.1, 40)),
    st.builds(lambda a, b: choice(a, normal(b, 1.5), weights=(1.0, 2.0)), defocus, defocus),
)
distributions = st.builds(
    ImagingDistribution,
    defocus_nm=defoci,
    Cs_mm=st.sampled_from([0.0, -0.013, 0.05]),
    focal_spread_nm=st.one_of(st.floats(0.3, 4), st.just(uniform(0.5, 3.0))),
)
weights = st.sampled_from([RADIAL, AREA, SPECIMEN])


def values(pair: PairInformation) -> np.ndarray:
    return np.array([getattr(pair, name) for name in MEASURES])


def negated(value: Value) -> Value:
    """The distribution of the negative value."""
    if isinstance(value, float | int):
        return -value
    data = value.model_dump()
    if "normal" in data:
        return normal(-data["normal"]["mean"], data["normal"]["std"])
    if "uniform" in data:
        return uniform(-data["uniform"][1], -data["uniform"][0])
    return choice(*(negated(option) for option in value.choice), weights=data["weights"])


@settings(max_examples=15)
@given(a=distributions, b=distributions, weight=weights)
def test_measures_stay_within_their_bounds_and_their_error(
    a: ImagingDistribution, b: ImagingDistribution, weight: Weight
) -> None:
    found = pair_information(a, b, BAND, weight)
    assert (values(found)[[0, 1, 2, 4]] >= 0).all()
    assert (np.abs(values(found)) <= 1).all()
    assert 0 <= found.error < 1e-3
    # the mean transfer is at most the amplitude
    assert abs(found.sigma_signed) <= found.sigma + 1e-9
    assert (found.weight, found.q_max_per_A) == (weight.name, 1.25)


@settings(max_examples=12)
@given(a=distributions, b=distributions, weight=weights)
def test_sigma_is_symmetric_and_a_distribution_equals_itself(
    a: ImagingDistribution, b: ImagingDistribution, weight: Weight
) -> None:
    there, back, own = pairs_information([a, b], [(0, 1), (1, 0), (0, 0)], BAND, weight)
    # sums are taken over partners together, whose order changes the last bits
    assert there.sigma == pytest.approx(back.sigma, abs=1e-13)
    assert there.sigma_signed == pytest.approx(back.sigma_signed, abs=1e-13)
    assert (there.epsilon_a, there.epsilon_b) == pytest.approx((back.epsilon_b, back.epsilon_a), abs=1e-13)
    if own.epsilon_a > 0:
        assert (own.sigma, own.coverage_of_b_by_a) == pytest.approx((1, 1), abs=1e-12)


@settings(max_examples=12)
@given(a=distributions, weight=weights)
def test_turning_the_sign_of_defocus_and_Cs_changes_no_amplitude(
    a: ImagingDistribution, weight: Weight
) -> None:
    mirrored = a.model_copy(update={"defocus_nm": negated(a.defocus_nm), "Cs_mm": -a.Cs_mm})
    found = pair_information(a, mirrored, BAND, weight)
    assert found.epsilon_a == pytest.approx(found.epsilon_b, abs=1e-9)
    if found.epsilon_a > 0:
        assert found.sigma == pytest.approx(1, abs=1e-9)
        assert found.coverage_of_b_by_a == pytest.approx(1, abs=1e-6)
    # <T'> = -<T>, so signed σ is less or equal to zero
    assert found.sigma_signed <= 1e-9


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_contrast_reversal_is_minus_one_if_focus_is_fixed_and_less_if_it_varies(weight: Weight) -> None:
    under, over = (ImagingDistribution(defocus_nm=value) for value in (10.0, -10.0))
    assert pair_information(under, over, BAND, weight).sigma_signed == pytest.approx(-1, abs=1e-12)
    opposite = ImagingDistribution(defocus_nm=normal(10.0, 1.5))
    assert -0.95 < pair_information(NARROW, opposite, BAND, weight).sigma_signed < -0.5


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_broad_covers_narrow_better_than_the_reverse(weight: Weight) -> None:
    """Away from the zeros of the narrow one, whose place the broad one's average fills."""
    broad = ImagingDistribution(defocus_nm=uniform(-14.0, -6.0), focal_spread_nm=1.0)
    narrow = ImagingDistribution(defocus_nm=-10.0, focal_spread_nm=1.0)
    forth, back = pairs_information([broad, narrow], [(0, 1), (1, 0)], BAND, weight)
    assert forth.coverage_of_b_by_a > back.coverage_of_b_by_a + 0.03


def test_exact_focus_transfers_nothing() -> None:
    found = pair_information(NARROW, ImagingDistribution(defocus_nm=0.0), BAND, RADIAL)
    assert (found.epsilon_b, found.sigma, found.sigma_signed, found.coverage_of_b_by_a) == (0, 0, 0, 0)
    assert found.epsilon_a > 0.3


def test_more_focal_spread_transfers_less_and_the_dose_changes_nothing() -> None:
    spreads = [NARROW.model_copy(update={"focal_spread_nm": value}) for value in (0.5, 1.0, 2.0, 4.0)]
    loss = [pair_information(each, NARROW, BAND, RADIAL).epsilon_a for each in spreads]
    assert loss == sorted(loss, reverse=True)
    dosed = NARROW.model_copy(update={"dose_e_per_A2": uniform(10.0, 1000.0)})
    assert values(pair_information(dosed, NARROW, BAND, RADIAL)) == pytest.approx(
        values(pair_information(NARROW, NARROW, BAND, RADIAL)), abs=1e-12
    )


def dense_nodes(value: Value, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Midpoints of n even parts, with the density there: no Gauss rule."""
    middle = (np.arange(n) + 0.5) / n
    if isinstance(value, float | int):
        return np.array([value]), np.ones(1)
    data = value.model_dump()
    if "normal" in data:
        scaled = 8 * middle - 4
        density = np.exp(-(scaled**2) / 2)
        return data["normal"]["mean"] + data["normal"]["std"] * scaled, density / density.sum()
    if "uniform" in data:
        lo, hi = data["uniform"]
        return lo + (hi - lo) * middle, np.full(n, 1 / n)
    parts = [dense_nodes(option, n) for option in value.choice]
    share = np.array(value.weights or [1.0] * len(parts))
    weights = [w * s for (_, w), s in zip(parts, share / share.sum(), strict=True)]
    return np.concatenate([nodes for nodes, _ in parts]), np.concatenate(weights)


def dense_moments(
    distribution: ImagingDistribution, q: np.ndarray, phi: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """<T²> and <T> from the textbook's sin χ, round or with two-fold astigmatism."""
    wavelength = wavelength_A(distribution.energy_kV * 1e3)
    names = ("defocus_nm", "Cs_mm", "focal_spread_nm", "convergence_mrad", "C12_nm", "phi12_deg")
    rules = [dense_nodes(getattr(distribution, name), n) for name in names]
    power, transfer = np.zeros((len(phi), len(q))), np.zeros((len(phi), len(q)))
    for point in product(*(zip(*rule, strict=True) for rule in rules)):
        (defocus, Cs, spread, convergence, C12, phi12), shares = zip(*point, strict=True)
        C1 = -10 * defocus + 10 * C12 * np.cos(2 * (phi[:, None] - np.deg2rad(phi12)))
        chi = np.pi * wavelength * C1 * q**2 + np.pi / 2 * 1e7 * Cs * wavelength**3 * q**4
        T = np.sin(chi) * np.exp(-0.5 * (np.pi * wavelength * 10 * spread * q**2) ** 2)
        slope = 2 * np.pi * (-10 * defocus * q + 1e7 * Cs * wavelength**2 * q**3)
        T = T * np.exp(-((convergence * 1e-3 / 2) ** 2) * slope**2)
        power, transfer = power + np.prod(shares) * T**2, transfer + np.prod(shares) * T
    return power, transfer


def dense_measures(
    a: ImagingDistribution, b: ImagingDistribution, w: Callable[[np.ndarray], np.ndarray], n_phi: int, n: int
) -> np.ndarray:
    """All five by midpoint sums over many frequencies, n values of every varying setting and n_phi azimuths."""
    n_q = 4000 if n_phi == 1 else 1500
    q = 1.25 * (np.arange(n_q) + 0.5) / n_q
    phi = np.pi * (np.arange(n_phi) + 0.5) / n_phi
    (power_a, mean_a), (power_b, mean_b) = (dense_moments(each, q, phi, n) for each in (a, b))
    weight = np.broadcast_to(w(q), power_a.shape)
    a1, b1 = np.sqrt(power_a), np.sqrt(power_b)
    scale = np.sqrt((power_a * weight).sum() * (power_b * weight).sum())
    return np.array(
        [
            (power_a * weight).sum() / weight.sum(),
            (power_b * weight).sum() / weight.sum(),
            (a1 * b1 * weight).sum() / scale,
            (mean_a * mean_b * weight).sum() / scale,
            (np.minimum(a1, b1) * weight).sum() / (b1 * weight).sum(),
        ]
    )


FEI = {"Cs_mm": 1.2, "convergence_mrad": 0.3, "focal_spread_nm": 3.0}
DENSE_CASES = {
    "narrow, narrow": (NARROW, ImagingDistribution(defocus_nm=normal(5.0, 1.5)), 1, 400),
    "narrow, broad": (NARROW, ImagingDistribution(defocus_nm=uniform(-25.0, 25.0)), 1, 800),
    "fixed, far": (ImagingDistribution(defocus_nm=-10.0), ImagingDistribution(defocus_nm=150.0), 1, 1),
    "mixture, narrow": (
        ImagingDistribution(defocus_nm=choice(-10.0, normal(5.0, 1.5), weights=(1.0, 3.0))),
        NARROW,
        1,
        400,
    ),
    "corrected, uncorrected": (NARROW, ImagingDistribution(defocus_nm=normal(60.0, 5.0), **FEI), 1, 400),
    "sharp uncorrected": (
        ImagingDistribution(defocus_nm=60.0, Cs_mm=1.2, focal_spread_nm=0.5),
        ImagingDistribution(defocus_nm=58.0, Cs_mm=1.2, focal_spread_nm=0.5),
        1,
        1,
    ),
    "two vary": (
        NARROW.model_copy(update={"focal_spread_nm": uniform(0.5, 3.0)}),
        NARROW.model_copy(update={"Cs_mm": normal(0.0, 0.01)}),
        1,
        25,
    ),
    "astigmatic, round": (
        ImagingDistribution(defocus_nm=uniform(5.0, 9.0), C12_nm=4.0, phi12_deg=30.0),
        NARROW,
        64,
        60,
    ),
}


@pytest.mark.parametrize("weight", ["radial", "area"])
@pytest.mark.parametrize("case", DENSE_CASES.values(), ids=DENSE_CASES)
def test_measures_are_within_a_thousandth_of_dense_integration(
    case: tuple[ImagingDistribution, ImagingDistribution, int, int], weight: str
) -> None:
    a, b, n_phi, n = case
    found = pair_information(a, b, BAND, WEIGHTS[weight])
    expected = dense_measures(a, b, {"radial": np.ones_like, "area": np.asarray}[weight], n_phi, n)
    np.testing.assert_allclose(values(found), expected, atol=1e-3)
    assert found.error < 1e-3


def test_crossed_astigmatisms_differ_though_their_azimuthal_means_are_equal() -> None:
    lens = {"defocus_nm": -6.0, "C12_nm": 5.0}
    first, second = (ImagingDistribution(phi12_deg=angle, **lens) for angle in (0.0, 90.0))
    found = pair_information(first, second, BAND, RADIAL)
    assert found.epsilon_a == pytest.approx(found.epsilon_b, abs=1e-6)
    assert found.sigma < 0.9


def test_turning_both_sides_of_a_pair_changes_nothing() -> None:
    lens = {"defocus_nm": -6.0, "C12_nm": 5.0, "C23_nm": 100.0}

    def turned(angle: float) -> ImagingDistribution:
        return ImagingDistribution(phi12_deg=angle, phi23_deg=angle, **lens)

    found = [pair_information(turned(angle), turned(angle + 40), BAND, AREA) for angle in (0.0, 70.0)]
    np.testing.assert_allclose(values(found[0]), values(found[1]), atol=1e-3)


def test_one_pass_over_many_pairs_gives_what_each_pair_gives_alone() -> None:
    several = [
        NARROW,
        ImagingDistribution(defocus_nm=5.0),
        ImagingDistribution(defocus_nm=uniform(-25.0, 25.0)),
    ]
    together = pairs_information(several, [(0, 1), (2, 0), (1, 2)], BAND, RADIAL)
    for (i, j), found in zip([(0, 1), (2, 0), (1, 2)], together, strict=True):
        alone = pair_information(several[i], several[j], BAND, RADIAL)
        np.testing.assert_allclose(values(found), values(alone), atol=1e-3)
    assert pairs_information(several, [], BAND, RADIAL) == []


def test_what_is_never_compared_does_not_meet() -> None:
    """Two blocks in one call are two calls, exactly, whatever the order of their pairs."""
    few = [NARROW, ImagingDistribution(defocus_nm=5.0)]
    more = [ImagingDistribution(defocus_nm=uniform(-25.0, 25.0), Cs_mm=0.01), NARROW]
    blocks = pairs_information([*few, *more], [(2, 3), (0, 1), (3, 3), (1, 0)], BAND, RADIAL)
    first = pairs_information(few, [(0, 1), (1, 0)], BAND, RADIAL)
    second = pairs_information(more, [(0, 1), (1, 1)], BAND, RADIAL)
    assert blocks == [second[0], first[0], second[1], first[1]]


MANY = ImagingDistribution(
    defocus_nm=uniform(-12.0, 12.0), Cs_mm=uniform(0.0, 0.02), focal_spread_nm=uniform(0.5, 3.0)
)


def test_a_product_that_is_too_long_gives_way_to_points_of_low_discrepancy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reference = pair_information(MANY, NARROW, BAND, RADIAL)
    monkeypatch.setattr(average, "LARGEST_WORK", 2**16)
    found = pair_information(MANY, NARROW, BAND, RADIAL)
    assert reference.error < 1e-3
    assert 0 < found.error < 1e-2
    # and the error that it states is an honest one
    assert np.abs(values(found) - values(reference)).max() < found.error + reference.error


def test_a_budget_that_ends_too_early_is_confessed(monkeypatch: pytest.MonkeyPatch) -> None:
    broad = ImagingDistribution(defocus_nm=uniform(-80.0, 80.0), focal_spread_nm=0.5)
    reference = pair_information(broad, NARROW, BAND, RADIAL)
    monkeypatch.setattr(average, "HIGHEST_ORDER", 16)
    found = pair_information(broad, NARROW, BAND, RADIAL)
    assert reference.error < 1e-3 < found.error
    assert np.abs(values(found) - values(reference)).max() < found.error


@pytest.mark.parametrize("lens", [{}, {"C12_nm": 50.0}], ids=["q", "azimuth"])
def test_a_grid_that_may_not_grow_is_confessed(
    monkeypatch: pytest.MonkeyPatch, lens: dict[str, float]
) -> None:
    far = ImagingDistribution(defocus_nm=600.0 - 550.0 * bool(lens), focal_spread_nm=0.3, **lens)
    monkeypatch.setattr(convergence, "LARGEST_GRID", (256 if not lens else 8192, 16))
    capped = pair_information(far, NARROW, BAND, RADIAL)
    monkeypatch.undo()
    reference = pair_information(far, NARROW, BAND, RADIAL)
    assert reference.error < 1e-3 < capped.error
    assert np.abs(values(capped) - values(reference)).max() < capped.error


def test_moments_of_one_distribution_are_those_that_its_measures_come_from() -> None:
    moments = converged_moments(NARROW, BAND, RADIAL)
    w = RADIAL.on(moments.grid)
    epsilon = (moments.mean_power * w).sum() / w.sum()
    assert epsilon == pytest.approx(pair_information(NARROW, NARROW, BAND, RADIAL).epsilon_a, abs=1e-4)
