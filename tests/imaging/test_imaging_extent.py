import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.errors import UserError
from passband.imaging.condition import symmetric_condition, with_aberrations
from passband.imaging.distribution import ImagingDistribution, Value, choice, normal, uniform
from passband.imaging.draw import draw_conditions
from passband.imaging.extent import check_fits, delocalisation_A, field_fit

FIELD_A = 102.4


def refusal(distribution: ImagingDistribution) -> str:
    with pytest.raises(UserError) as told:
        check_fits(distribution, FIELD_A, 1.25, "study.yaml: domain 'far'")
    return str(told.value)


def test_an_uncorrected_microscope_at_scherzer_defocus_wraps_around() -> None:
    # |C10 λ q + C30 λ³ q³| at 300 kV, 1.2 mm, 56 nm, 1.0 1/Å: |-11.0 + 91.6| = 80.5 Å
    assert float(delocalisation_A(symmetric_condition(300e3, -560.0, 1.2e7), 1.0)) == pytest.approx(
        80.5, abs=0.1
    )
    fit = field_fit(ImagingDistribution(defocus_nm=56, Cs_mm=1.2, focal_spread_nm=0), FIELD_A, 1.0)
    assert (fit.reach_A, fit.at_q_per_A) == (pytest.approx(80.5, abs=0.1), pytest.approx(1.0))
    assert fit.margin_A == pytest.approx(51.2 - 80.5, abs=0.1)


def test_detail_that_the_envelopes_have_removed_does_not_count() -> None:
    bare = symmetric_condition(300e3, -560.0, 1.2e7)
    # E_t = 0.01 where π λ σ q² = 3.03: 0.70 1/Å at 100 Å
    spread = delocalisation_A(symmetric_condition(300e3, -560.0, 1.2e7, 100.0), 1.0)
    assert float(spread) == pytest.approx(float(delocalisation_A(bare, 0.70)), rel=0.02)
    # a cone β bounds the reach: (πβR/λ)² = ln 100, so R = 26.9 Å at 0.5 mrad
    assert float(
        delocalisation_A(symmetric_condition(300e3, -560.0, 1.2e7, 0.0, 5e-4), 1.0)
    ) == pytest.approx(26.9, rel=0.02)


def test_astigmatism_and_coma_reach_farthest_in_one_direction() -> None:
    astigmatic = with_aberrations(symmetric_condition(300e3, -100.0), {"C12": 50.0}, {"C12": 0.3})
    # (|C10| + C12) λ q
    assert float(delocalisation_A(astigmatic, 1.0)) == pytest.approx(150 * 0.0196875, rel=2e-3)


def test_the_published_series_fit_their_field() -> None:
    fit = check_fits(ImagingDistribution(defocus_nm=normal(25, 1.5)), FIELD_A, 1.25, "here")
    # 25 nm and four standard deviations: 310 Å x λ x 1.25 1/Å = 7.6 Å
    assert fit.reach_A == pytest.approx(310 * 0.0196875 * 1.25, rel=1e-3)
    assert fit.margin_A == pytest.approx(51.2 - fit.reach_A)


@pytest.mark.parametrize("defocus", [300.0, -300.0, uniform(-300, 10), choice(0, normal(290, 1))])
def test_a_range_of_defocus_beyond_the_field_is_refused_with_place_and_remedy(defocus: Value) -> None:
    told = refusal(ImagingDistribution(defocus_nm=defocus))
    assert told.startswith("study.yaml: domain 'far': with defocus_nm ")
    assert "beyond half of the 10.24 nm field" in told
    assert "take a field of 14." in told
    assert "\n" not in told


def test_one_extreme_of_any_setting_is_enough_to_be_refused() -> None:
    assert "lands" in refusal(ImagingDistribution(defocus_nm=0, C12_nm=uniform(0, 250)))
    # C10 λ q = 1200 Å x 0.0246 = 29.5 Å alone fits; 4e9 Å x 0.0246⁵ = 36 Å more does not
    check_fits(ImagingDistribution(defocus_nm=-120), FIELD_A, 1.25, "here")
    assert "lands" in refusal(ImagingDistribution(defocus_nm=-120, C50_nm=uniform(0, 4e8)))


def test_large_spherical_aberration_needs_a_convergence_angle() -> None:
    for Cs_mm in (0.2, -0.2, uniform(-0.05, 0.11)):
        told = refusal(ImagingDistribution(defocus_nm=0, Cs_mm=Cs_mm))
        assert "without a convergence angle" in told
        assert "convergence_mrad" in told
    assert "without" in refusal(
        ImagingDistribution(defocus_nm=0, Cs_mm=0.2, convergence_mrad=uniform(0, 0.3))
    )
    check_fits(ImagingDistribution(defocus_nm=0, Cs_mm=0.1), FIELD_A, 1.25, "here")
    check_fits(ImagingDistribution(defocus_nm=56, Cs_mm=1.2, convergence_mrad=0.5), FIELD_A, 1.25, "here")


def test_an_image_that_moves_by_more_than_half_its_field_is_refused() -> None:
    # 102.4 Å: half the field is 5.12 nm
    check_fits(ImagingDistribution(defocus_nm=0, drift_nm=10.2), FIELD_A, 1.25, "here")
    told = refusal(ImagingDistribution(defocus_nm=0, drift_nm=uniform(0, 50)))
    assert "drift_nm up to 50" in told
    assert "by 25 nm" in told
    assert "beyond half of the 10.24 nm field" in told
    assert "take a field of 50 nm" in told
    assert "move" in refusal(ImagingDistribution(defocus_nm=0, drift_nm=10.2, vibration_nm=0.01))
    assert "move" in refusal(ImagingDistribution(defocus_nm=0, vibration_nm=1.71))


@settings(max_examples=20)
@given(
    st.floats(-100, 100),
    st.floats(0.1, 20),
    st.floats(-0.05, 0.05),
    st.floats(0, 3),
    st.floats(0, 0.5),
    st.floats(0, 20),
)
def test_no_drawn_condition_reaches_beyond_the_bound(
    defocus: float, width: float, Cs_mm: float, spread: float, convergence: float, astigmatism: float
) -> None:
    distribution = ImagingDistribution(
        defocus_nm=uniform(defocus, defocus + width),
        Cs_mm=uniform(Cs_mm, Cs_mm + 0.01),
        focal_spread_nm=spread,
        convergence_mrad=convergence,
        C12_nm=astigmatism,
        phi12_deg=uniform(0, 180),
    )
    bound = field_fit(distribution, FIELD_A, 1.25).reach_A
    drawn = draw_conditions(distribution, 5, 0)
    # half a step of q: the cone's bound falls off within one
    assert float(delocalisation_A(drawn, 1.25).max()) <= bound * 1.02 + 1e-6
    assert torch.isfinite(torch.tensor(bound))
