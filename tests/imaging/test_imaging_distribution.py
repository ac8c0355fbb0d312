from math import sqrt

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.distribution import (
    ImagingDistribution,
    choice,
    is_varying,
    mean_value,
    normal,
    standard_deviation,
    support,
    uniform,
)
from passband.records import canonical_json, content_id, parse_record

IN_THE_ISSUE = """
energy_kV: 300
defocus_nm: {normal: {mean: -10, std: 1.5}}
Cs_mm: 0
focal_spread_nm: 1.0
dose_e_per_A2: 400
"""


def read(text: str) -> ImagingDistribution:
    return parse_record(ImagingDistribution, yaml.safe_load(text), "domain.yaml")


def sentence(text: str) -> str:
    with pytest.raises(UserError) as refusal:
        read(text)
    return str(refusal.value)


def test_the_yaml_of_a_domain_reads_as_it_says() -> None:
    domain = read(IN_THE_ISSUE)
    assert domain == ImagingDistribution(defocus_nm=normal(-10, 1.5), dose_e_per_A2=400)
    assert domain.varying() == {"defocus_nm": normal(-10, 1.5)}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("5", 5.0),
        ("{uniform: [-25, 25]}", uniform(-25, 25)),
        ("{choice: [-5, 5]}", choice(-5, 5)),
        (
            "{choice: [{normal: {mean: -5, std: 1}}, {uniform: [4, 6]}, 9], weights: [1, 2, 1]}",
            choice(normal(-5, 1), uniform(4, 6), 9, weights=(1, 2, 1)),
        ),
    ],
)
def test_every_form_of_a_parameter_reads_and_writes_without_loss(written: str, meant: object) -> None:
    domain = read(f"defocus_nm: {written}")
    assert domain.defocus_nm == meant
    assert parse_record(ImagingDistribution, yaml.safe_load(canonical_json(domain)), "again") == domain


def test_one_number_has_one_id_however_it_is_written() -> None:
    ids = {content_id(read(f"defocus_nm: {text}")) for text in ("5", "5.0", "+5", "0.5e+1")}
    assert len(ids) == 1
    assert content_id(read("defocus_nm: -0.0")) == content_id(read("defocus_nm: 0"))
    assert content_id(read("defocus_nm: {uniform: [-0.0, 1]}")) == content_id(
        read("defocus_nm: {uniform: [0, 1]}")
    )


def test_any_change_of_a_number_is_another_id() -> None:
    ids = {
        content_id(read(text))
        for text in (
            "defocus_nm: 5",
            "defocus_nm: 5.000001",
            "defocus_nm: {normal: {mean: 5, std: 1}}",
            "defocus_nm: 5\nC12_nm: 1",
            "defocus_nm: 5\nphi12_deg: 1",
        )
    }
    assert len(ids) == 5


def test_every_aberration_has_its_keys() -> None:
    keys = set(ImagingDistribution.model_fields)
    for symbol, _, symmetry, _ in ABERRATIONS:
        if symbol not in ("C10", "C30"):
            assert f"{symbol}_nm" in keys
        assert (f"phi{symbol[1:]}_deg" in keys) == (symmetry > 0)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("defocus_nm: 1\nC12_mn: 3", "unknown key 'C12_mn'; did you mean 'C12_nm'?"),
        ("defocus_nm: 1\nfocalspread_nm: 3", "did you mean 'focal_spread_nm'?"),
        ("Cs_mm: 1", "the key 'defocus_nm' is missing"),
        ("defocus_nm: five", "defocus_nm: write a number, {normal: {mean: , std: }}, {uniform: [lo, hi]}"),
        ("defocus_nm: 1e3", "this is text; write the number as 1000.0"),
        ("defocus_nm: .inf", "the number must be finite"),
        ("defocus_nm: true", "write a number"),
        ("defocus_nm: null", "write a number"),
        ("defocus_nm: [1, 2]", "write a number"),
        ("defocus_nm: {nomal: {mean: 1, std: 1}}", "unknown key 'nomal'; did you mean 'normal'?"),
        ("defocus_nm: {normal: {mean: 1}}", "write {normal: {mean: , std: }}"),
        ("defocus_nm: {normal: {mean: 1, sdt: 1}}", "write {normal: {mean: , std: }}"),
        ("defocus_nm: {normal: {mean: 1, std: 0}}", "std of normal must be above 0"),
        ("defocus_nm: {normal: {mean: 1, std: 1}, uniform: [1, 2]}", "unknown key 'uniform'"),
        ("defocus_nm: {uniform: [3, 1]}", "uniform needs its lower bound first, not [3, 1]"),
        ("defocus_nm: {uniform: [3]}", "write {uniform: [lo, hi]}"),
        ("defocus_nm: {uniform: [3, a]}", "write {uniform: [lo, hi]}"),
        ("defocus_nm: {choice: []}", "write {choice: [...], weights: [...]}"),
        ("defocus_nm: {choice: [1, 2], weights: [1]}", "choice has 2 options but 1 weights"),
        ("defocus_nm: {choice: [1, 2], weights: [1, 0]}", "weights must be above 0"),
        ("defocus_nm: {choice: [1, 2], weigths: [1, 1]}", "did you mean 'weights'?"),
        ("defocus_nm: {choice: [{choice: [1]}]}", "not a choice again"),
        ("defocus_nm: 1\nfocal_spread_nm: -1", "focal_spread_nm: must be 0 or more"),
        ("defocus_nm: 1\nfocal_spread_nm: {normal: {mean: 1, std: 1}}", "its range is -3 to 5"),
        ("defocus_nm: 1\nconvergence_mrad: -0.1", "convergence_mrad: must be 0 or more"),
        ("defocus_nm: 1\ndose_e_per_A2: 0", "must be above 0, or null for no shot noise"),
        ("defocus_nm: 1\nenergy_kV: 5", "energy_kV: must lie between 10 and 3000 kV"),
        ("defocus_nm: 1\nenergy_kV: 3001", "energy_kV: must lie between 10 and 3000 kV"),
        ("defocus_nm: 1\nphi12_deg: 400", "must lie within ±360 degrees"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_its_place_and_remedy(text: str, part: str) -> None:
    told = sentence(text)
    assert told.startswith("domain.yaml: ")
    assert part in told
    assert "\n" not in told


def test_no_shot_noise_is_null_in_yaml_and_an_infinite_dose_as_a_parameter() -> None:
    assert read("defocus_nm: 1\ndose_e_per_A2: null").parameters()["dose_e_per_A2"] == float("inf")


def test_a_mixture_has_the_moments_of_its_parts() -> None:
    # 1:3 of N(-5, 1) and N(7, 2): mean 4; variance 1/4 (81 + 1) + 3/4 (9 + 4) = 30.25
    mixed = choice(normal(-5, 1), normal(7, 2), weights=(1, 3))
    assert mean_value(mixed) == pytest.approx(4)
    assert standard_deviation(mixed) == pytest.approx(sqrt(30.25))
    assert support(mixed) == (-9, 15)


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_moments_and_ranges_follow_from_the_form(a: float, width: float) -> None:
    assert (mean_value(a), standard_deviation(a), support(a)) == (a, 0.0, (a, a))
    assert not is_varying(a)
    assert mean_value(normal(a, width)) == a
    assert support(normal(a, width)) == (a - 4 * width, a + 4 * width)
    flat = uniform(a, a + width)
    assert mean_value(flat) == pytest.approx(a + width / 2)
    assert standard_deviation(flat) == pytest.approx(width / sqrt(12), abs=1e-9)
    assert is_varying(flat)
