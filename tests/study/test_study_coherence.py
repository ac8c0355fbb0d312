"""The table that says how far quasi-coherent and explicitly averaged images are apart."""

import pytest
import torch

from passband.grid import Grid
from passband.imaging.detector import Detector, Falloff
from passband.imaging.distribution import ImagingDistribution, normal
from passband.study.coherence import coherence_table
from passband.study.study import Domain
from passband.wave import ExitWave


def wave(strength_rad: float, seed: int) -> ExitWave:
    """A phase of broad detail: the noise of 64 x 64 numbers on four times the pixels."""
    numbers = torch.randn(1, 1, 24, 24, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.interpolate(numbers, scale_factor=2.0, mode="bicubic")[0]
    return ExitWave(torch.exp(1j * strength_rad * smooth).to(torch.complex64), Grid((48, 48), 0.4), 300e3)


def domain(**settings: float | Detector) -> Domain:
    return Domain(structures="any", imaging=ImagingDistribution(defocus_nm=normal(-8, 1), **settings))


def test_the_two_ways_part_as_the_object_and_the_focal_spread_grow() -> None:
    domains = {"narrow": domain(focal_spread_nm=1.0), "wide": domain(focal_spread_nm=4.0)}
    table = coherence_table(domains, {"any": [wave(0.02, 1), wave(0.6, 1)]})
    assert table["domain_id"].tolist() == ["narrow", "narrow", "wide", "wide"]
    assert table["wave"].tolist() == [0, 1, 0, 1]
    of = table.set_index(["domain_id", "wave"])["difference_percent"]
    assert of["narrow", 0] < of["narrow", 1]
    assert of["narrow", 1] < of["wide", 1]
    # of a weak object the difference is of second order: a percent or so of the contrast
    assert of["narrow", 0] < 2
    assert of["wide", 1] > 3


def test_without_spread_there_is_no_difference() -> None:
    table = coherence_table({"steady": domain(focal_spread_nm=0.0)}, {"any": [wave(0.5, 2)]})
    (row,) = table.to_dict("records")
    assert row["difference_percent"] < 1e-3
    assert row["standardised_difference_percent"] < 1e-3
    assert row["contrast_change_percent"] == pytest.approx(0, abs=1e-3)
    assert (row["source_points"], row["source_error"]) == (1, 0.0)


def test_the_domains_own_detector_blurs_both_images() -> None:
    soft = Detector(mtf=Falloff(form="gaussian", half_at=0.3))
    domains = {"sharp": domain(), "soft": domain(detector=soft)}
    table = coherence_table(domains, {"any": [wave(0.5, 3)]}).set_index("domain_id")
    for column in ("contrast_quasi", "contrast_explicit"):
        assert table[column]["soft"] < 0.9 * table[column]["sharp"]
