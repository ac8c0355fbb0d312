"""Families of domains, each along one axis or several: what their networks are trained and tested on.

Dose, structure and mixture series follow the published ones (method.md: DaCosta, Oill & Scott, doi
10.69761/kjte5358); where the axes were not published in full, the values are ours and say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Final

import numpy as np

from passband.imaging.distribution import ImagingDistribution, Value, choice, normal
from passband.seeds import random_stream
from passband.structure.distribution import AmorphousCarbon, ParticleDistribution, SceneDistribution
from passband.study.catalogue.defocus import TEST_DEFOCI_NM, cadmium_selenide, defocus_domains
from passband.study.study import Domain, Series

TRAINING_DOSES: Final = (30, 75, 150, 300, 600)
"""The published doses [e/Å²]."""
TEST_DOSES: Final = (20, 30, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1600)
"""Ours: the published doses, what lies between, and beyond [e/Å²]."""
LATTICES: Final = ("ZnS", "CdSe", "Cu", "Ag", "C", "Si", "Fe3O4", "Co3O4", "Fe")
"""The nine lattices of the published structure series."""
MIXED_DEFOCI_NM: Final = ((-10, 10), (-10, 0), (0, 10), (-5, 5))
"""Ours; two defoci of a mixture [nm]. Their shares are published."""
MIXED_SHARES: Final = ((128, 384), (256, 256), (384, 128))
BREADTH_CENTRES_NM: Final = (-10, 0, 10)
BREADTH_STD_NM: Final = (3.0, 5.0, 7.5, 10.0)
"""Ours: wider distributions of defocus than the published standard deviation of 1.5 nm [nm]."""
SPREAD_NM: Final = 1.5
"""Standard deviation of the defocus of a domain, as published [nm]."""


@dataclass(frozen=True)
class Family:
    """Domains by name, the scenes that they need, and which ones serve for training and for tests."""

    scenes: Mapping[str, SceneDistribution]
    domains: Mapping[str, Domain]
    train_on: tuple[str, ...]
    test_on: tuple[str, ...]

    def series(self, learning_rates: tuple[float, ...] | None = None, starts: int | None = None) -> Series:
        """The family as a series of a study."""
        return Series(
            train_on=self.train_on, test_on=self.test_on, learning_rates=learning_rates, random_starts=starts
        )


def _seen(structures: str, defocus_nm: Value, dose_e_per_A2: float = 400.0, **others: float) -> Domain:
    settings = {"energy_kV": 300.0, "focal_spread_nm": 1.0, "dose_e_per_A2": dose_e_per_A2} | others
    imaging = ImagingDistribution.model_validate({"defocus_nm": defocus_nm, **settings})
    return Domain(structures=structures, imaging=imaging)


def defocus_family() -> Family:
    """The published defocus series, with training on every one of its eleven domains."""
    domains = defocus_domains()
    return Family({"CdSe": cadmium_selenide()}, domains, tuple(domains), tuple(domains))


def dose_family() -> Family:
    """The published doses at -10 nm, with tests at more of them."""
    names = {dose: f"{dose} e/Å²" for dose in TEST_DOSES}
    domains = {name: _seen("CdSe", normal(-10, SPREAD_NM), float(dose)) for dose, name in names.items()}
    return Family(
        {"CdSe": cadmium_selenide()}, domains, tuple(names[dose] for dose in TRAINING_DOSES), tuple(domains)
    )


def structure_family() -> Family:
    """Nine lattices in two sizes at -10 nm and 300 e/Å²: every one against every other."""
    sizes = {"small": ((2.0, 4.0), (1, 5)), "large": ((5.0, 7.0), (1, 2))}
    scenes = {
        f"{lattice} {size}": SceneDistribution(
            field_nm=10.24,
            crystal=lattice,
            particles=ParticleDistribution(
                diameter_nm=diameter_nm, count=count, separation_nm=1.0, stacking_faults=(0, 0)
            ),
            support=AmorphousCarbon(thickness_nm=(2.0, 8.0)),
        )
        for lattice in LATTICES
        for size, (diameter_nm, count) in sizes.items()
    }
    domains = {name: _seen(name, normal(-10, SPREAD_NM), 300.0) for name in scenes}
    return Family(scenes, domains, tuple(domains), tuple(domains))


def mixture_family() -> Family:
    """Two defoci in three shares, tested on themselves and on the eleven domains of the defocus series."""
    mixed = {
        f"{a:+g} & {b:+g} nm, {first}:{second}": _seen(
            "CdSe", choice(normal(a, SPREAD_NM), normal(b, SPREAD_NM), weights=(float(first), float(second)))
        )
        for a, b in MIXED_DEFOCI_NM
        for first, second in MIXED_SHARES
    }
    return _against_defocus(mixed)


def breadth_family() -> Family:
    """Wider and wider distributions of defocus, tested on themselves and on the defocus series."""
    broad = {
        f"{centre:+g} ± {std:g} nm": _seen("CdSe", normal(centre, std))
        for centre in BREADTH_CENTRES_NM
        for std in BREADTH_STD_NM
    }
    return _against_defocus(broad)


def imaging_family(training: int = 20, fresh: int = 20, seed: int = 0) -> Family:
    """Domains in which everything about the imaging differs: the first ones for training, all of them for tests.

    Uniform: defocus within ±30 nm, Cs within ±0.1 mm, two-fold astigmatism up to 5 nm and coma up to 600 nm in any
    direction. Uniform in the logarithm: focal spread 0.3-4 nm, dose 100-1600 e/Å². Ours.
    """
    stream = random_stream(seed, "imaging domains")
    domains = {f"imaging {number:02d}": _drawn(stream) for number in range(training + fresh)}
    return Family({"CdSe": cadmium_selenide()}, domains, tuple(domains)[:training], tuple(domains))


def _against_defocus(own: dict[str, Domain]) -> Family:
    domains = own | defocus_domains()
    return Family({"CdSe": cadmium_selenide()}, domains, tuple(own), tuple(domains))


def _drawn(stream: np.random.Generator) -> Domain:
    def between(lo: float, hi: float, digits: int) -> float:
        return round(float(stream.uniform(lo, hi)), digits)

    def log_between(lo: float, hi: float, digits: int) -> float:
        return round(exp(float(stream.uniform(log(lo), log(hi)))), digits)

    return _seen(
        "CdSe",
        normal(between(TEST_DEFOCI_NM[0] - 5, TEST_DEFOCI_NM[-1] + 5, 2), SPREAD_NM),
        dose_e_per_A2=log_between(100, 1600, 0),
        Cs_mm=between(-0.1, 0.1, 4),
        focal_spread_nm=log_between(0.3, 4, 2),
        C12_nm=between(0, 5, 2),
        phi12_deg=between(-90, 90, 1),
        C21_nm=between(0, 600, 0),
        phi21_deg=between(-180, 180, 1),
    )
