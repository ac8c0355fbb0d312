"""Families of domains, each along one axis or several: what their networks are trained and tested on.

Dose, structure and mixture series follow the published ones (method.md: DaCosta, Oill & Scott, doi
10.69761/kjte5358); where the axes were not published in full, the values are ours and say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from passband.imaging.distribution import ImagingDistribution, Value, choice, normal
from passband.seeds import random_stream
from passband.structure.distribution import AmorphousCarbon, ParticleDistribution, SceneDistribution
from passband.study.catalogue.defocus import cadmium_selenide, defocus_domains
from passband.study.catalogue.imaging_domains import drawn_imaging
from passband.study.catalogue.particle_kinds import drawn_particles
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
THICKNESSES_NM: Final = (1.0, 2.0, 3.0, 4.5, 6.0, 8.0, 11.0, 14.0, 18.0)
"""Ours: thicknesses of the carbon film [nm]; the published ones are 2 to 8."""
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


def thickness_family() -> Family:
    """Nine thicknesses of the support under the same particles at -10 nm: every one against every other."""
    scenes = {
        f"{nm:g} nm of carbon": cadmium_selenide().model_copy(
            update={"support": AmorphousCarbon(thickness_nm=(nm, nm))}
        )
        for nm in THICKNESSES_NM
    }
    domains = {name: _seen(name, normal(-10, SPREAD_NM)) for name in scenes}
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


def imaging_family(training: int, fresh: int, seed: int = 0) -> Family:
    """Domains in which everything about the imaging differs (``imaging_domains``), by a seed.

    The first ones are for training, all of them for tests.
    """
    domains = {
        f"imaging {number:02d}": Domain(structures="CdSe", imaging=drawn_imaging(seed, number).imaging)
        for number in range(training + fresh)
    }
    return Family({"CdSe": cadmium_selenide()}, domains, tuple(domains)[:training], tuple(domains))


def particle_family(training: int, fresh: int, seed: int, lattices: tuple[str, ...], kinds: int) -> Family:
    """Domains in which imaging and particles differ (``imaging_domains``, ``particle_kinds``), by a seed.

    Each has one of so many kinds of particles at random. The first ones are for training, all of them for tests.
    """
    drawn = [drawn_particles(seed, kind, lattices) for kind in range(kinds)]
    scenes = {f"{each.crystal} {kind:02d}": each for kind, each in enumerate(drawn)}
    names, domains = tuple(scenes), {}
    for number in range(training + fresh):
        kind = names[int(random_stream(seed, "kind of a domain", number).integers(kinds))]
        imaging = drawn_imaging(seed, number).imaging
        domains[f"{kind}, imaging {number:02d}"] = Domain(structures=kind, imaging=imaging)
    used = {domain.structures for domain in domains.values()}
    own = {name: each for name, each in scenes.items() if name in used}
    return Family(own, domains, tuple(domains)[:training], tuple(domains))


def side_family() -> Family:
    """The defocus series twice, with the particles before the support and behind it: every domain against every other.

    The scenes are the same ones; only the order in which the beam meets particles and support differs.
    """
    orders: tuple[Literal["particles", "support"], ...] = ("particles", "support")
    scenes = {
        f"CdSe, {first} first": cadmium_selenide().model_copy(update={"first": first}) for first in orders
    }
    domains = {
        f"{name}, {first} first": Domain(structures=f"CdSe, {first} first", imaging=domain.imaging)
        for first in orders
        for name, domain in defocus_domains().items()
    }
    return Family(scenes, domains, tuple(domains), tuple(domains))


def _against_defocus(own: dict[str, Domain]) -> Family:
    domains = own | defocus_domains()
    return Family({"CdSe": cadmium_selenide()}, domains, tuple(own), tuple(domains))
