"""One study for every family of domains, small enough for one sitting, and all of them at the paper's scale."""

from collections.abc import Mapping
from typing import Final

from passband.networks.spec import COMPACT, NetworkSpec
from passband.structure.crystals import PUBLISHED_SERIES
from passband.structure.distribution import SceneDistribution
from passband.study.catalogue.defocus import compact_simulation
from passband.study.catalogue.deviations import (
    BLUR_DEVIATION,
    COMPACT_DEVIATIONS,
    LARGE_DEVIATION,
    SLICES_DEVIATION,
    images_deviation,
)
from passband.study.catalogue.families import (
    Family,
    breadth_family,
    defocus_family,
    dose_family,
    imaging_family,
    mixture_family,
    particle_family,
    side_family,
    structure_family,
    thickness_family,
)
from passband.study.study import Deviation, MaskSpec, StructureSet, Study
from passband.training.spec import COMPACT_TRAINING

TRAINING, VALIDATION, TEST = 36, 6, 32
"""Scenes of every set of structures."""
FEW_TESTS, WIDE_TESTS = 12, 24
"""Test scenes where domains are many."""
MANY_TRAINING, MANY_VALIDATION, MANY_TESTS = 72, 16, 64
MANY_SCENES: Final = {"training": MANY_TRAINING, "validation": MANY_VALIDATION}
"""Scenes of studies whose Dice and whose specimens have to be well known."""
WIDE_SEED, JUDGE_SEED = 3, 4
"""Of domains, structures and support of the study that models are fitted on, and of the one that judges; those of all
others have 0. (1 and 2 have judged once each.)"""
PARTICLES_SEED, PARTICLES_JUDGE_SEED = 6, 5
"""The same of studies in which particles differ too."""
KIND_SCENES: Final = {"training": 48, "validation": 12}
"""Scenes of a kind of particles, where there are many kinds."""
NEW_LATTICES: Final = ("MgO", "CdSe", "PbS", "Fe3O4", "CeO2", "Cu", "W", "Si")
"""Of kinds that are judged on: four lattices that models were fitted on, and four that they never saw."""
RATES = (COMPACT_TRAINING.learning_rate, COMPACT_TRAINING.learning_rate / 3)


def dose() -> Study:
    """50 networks on five doses, tested on twelve."""
    question = "Does a network trained at one dose work at another?"
    return _study("dose", question, dose_family())


def structure() -> Study:
    """36 networks on nine lattices in two sizes, each tested on all of them."""
    question = "What does a change of the structure cost, at one and the same imaging condition?"
    large = _study("structure", question, structure_family(), (LARGE_DEVIATION, BLUR_DEVIATION))
    return _with_one_rate(large, starts=2)


def thickness() -> Study:
    """18 networks on nine thicknesses of the support, each tested on all of them."""
    question = "What does a thicker support cost, of which the transfer of the lens knows nothing?"
    return _with_one_rate(_study("thickness", question, thickness_family()), starts=2)


def mixtures() -> Study:
    """120 networks on mixtures of two defoci, tested on the defocus series."""
    return _study("mixtures", "Does training on two defoci cover what lies between them?", mixture_family())


def breadth() -> Study:
    """120 networks on wider and wider distributions of defocus."""
    return _study("breadth", "How wide should the defocus of the training images be?", breadth_family())


def side() -> Study:
    """44 networks on the defocus series, with the particles before the support and behind it."""
    question = "Does it matter whether the beam meets the particles or the support first?"
    return _with_one_rate(_study("side", question, side_family()), starts=2)


def imaging() -> Study:
    """128 networks, one on each of 128 random imaging domains, tested on all: the study on which measures are chosen.

    What foretells performance is learned from domains: a second network of a domain, or more test structures, would
    tell less than another domain does (docs/decisions/0024).
    """
    question = "Which measure foretells performance when several settings of the microscope change at once?"
    many = _with_one_rate(_study("imaging", question, imaging_family(128, 0)), starts=1)
    sets = {name: each.model_copy(update={"test": FEW_TESTS}) for name, each in many.structures.items()}
    return many.model_copy(update={"structures": sets})


def imaging_wide() -> Study:
    """480 networks, one on each of 480 random imaging domains, each tested on ten: models are fitted on this study.

    Pairs of the same domains tell much alike: a thousand pairs of 128 domains teach what all 16,384 do, so ten tests of
    a network leave time for more domains (docs/decisions/0025).
    """
    question = "What do many imaging domains teach about performance where several settings change at once?"
    family = imaging_family(480, 0, seed=WIDE_SEED)
    wide = _with_one_rate(_study("imaging-wide", question, family), starts=1)
    return _well_known(wide, WIDE_SEED, MANY_SCENES | {"test": WIDE_TESTS}, images=2).model_copy(
        update={"blocks": 48}
    )


def imaging_judge() -> Study:
    """72 networks on 24 random imaging domains, each tested on these and 48 more: what was chosen is judged here.

    Domains, structures and support have seeds of their own, so nothing of them is in `imaging` or `imaging-wide`.
    """
    question = "Does what foretells performance in the study 'imaging-wide' do so where everything is new?"
    judge = _study("imaging-judge", question, imaging_family(24, 48, seed=JUDGE_SEED))
    once = _with_one_rate(judge, starts=3)
    return _well_known(once, JUDGE_SEED, MANY_SCENES | {"test": MANY_TESTS}, images=2)


def particles_wide() -> Study:
    """480 networks, one on each of 480 domains of random imaging and particles, each tested on ten.

    Models fitted on `imaging-wide` alone fail where particles differ (docs/findings.md); this is what they lack.
    """
    question = "What do many domains teach where particles, support and imaging change at once?"
    family = particle_family(480, 0, PARTICLES_SEED, PUBLISHED_SERIES, kinds=18)
    wide = _with_one_rate(_study("particles-wide", question, family), starts=1)
    return _of_kinds(wide, PARTICLES_SEED, tests=16).model_copy(update={"blocks": 48})


def particles_judge() -> Study:
    """72 networks on 24 domains of random imaging and particles, tested on these and 48 more; and as many on domains
    of the same imaging with one kind of particles, as in `imaging-judge`.

    Domains, particles, structures and support are in no other study; half of the lattices neither.
    """
    question = "Does what many domains teach hold for new particles, new lattices and new imaging?"
    family = particle_family(24, 48, PARTICLES_JUDGE_SEED, NEW_LATTICES, kinds=8)
    judge = _with_one_rate(_study("particles-judge", question, family), starts=3)
    same = imaging_family(24, 48, seed=PARTICLES_JUDGE_SEED)
    kinds = _of_kinds(judge, PARTICLES_JUDGE_SEED, tests=32)
    cadmium_selenide = {
        name: StructureSet(scenes=each, training=MANY_TRAINING, validation=MANY_VALIDATION, test=MANY_TESTS)
        for name, each in same.scenes.items()
    }
    return Study.model_validate(
        kinds.model_copy(
            update={
                "structures": kinds.structures | cadmium_selenide,
                "domains": kinds.domains | dict(same.domains),
                "series": {"imaging": same.series()},
            }
        ).model_dump()
    )


def paper_scale() -> Study:
    """At least 12,000 networks over all families: two learning rates, three sizes, many random starts."""
    families = {
        "dose": (dose_family(), 150),
        "structure": (structure_family(), 60),
        "mixtures": (mixture_family(), 60),
        "breadth": (breadth_family(), 60),
        "imaging": (imaging_family(44, 4), 25),
    }
    own = defocus_family()
    series = {name: family.series(starts=starts) for name, (family, starts) in families.items()}
    sizes = {
        "defocus-narrow": own.series(starts=30).model_copy(update={"network": resized(COMPACT, 0.5)}),
        "defocus-wide": own.series(starts=20).model_copy(update={"network": resized(COMPACT, 1.5)}),
    }
    question = (
        "How do networks perform away from the conditions that they were trained at, and what foretells it?"
    )
    first = _study("paper-scale", question, own, (LARGE_DEVIATION, BLUR_DEVIATION))
    joined = [family for family, _ in families.values()]
    sets = {name: scenes for family in joined for name, scenes in family.scenes.items()}
    domains = {name: domain for family in joined for name, domain in family.domains.items()}
    return Study.model_validate(
        first.model_copy(
            update={
                "structures": _sets(sets),
                "domains": dict(own.domains) | domains,
                "random_starts": 100,
                "series": series | sizes,
            }
        ).model_dump()
    )


def resized(network: NetworkSpec, factor: float) -> NetworkSpec:
    """A network with so many times the channels at every level."""
    return network.model_copy(update={"widths": tuple(round(width * factor) for width in network.widths)})


def _of_kinds(study: Study, seed: int, tests: int) -> Study:
    """The study with a seed of its own, and as many scenes of each of its kinds of particles as many kinds allow."""
    return _well_known(study, seed, KIND_SCENES | {"test": tests}, images=3)


def _well_known(study: Study, seed: int, scenes: Mapping[str, int], images: int) -> Study:
    """The study with a seed of its own, and more scenes of every set, fewer images of each in training."""
    sets = {name: each.model_copy(update=dict(scenes)) for name, each in study.structures.items()}
    training = study.training.model_copy(
        update={"images_per_structure": images, "validation_images_per_structure": 1}
    )
    shown = images_deviation(scenes["training"], "thousands of networks on two cores", training)
    return study.model_copy(
        update={
            "seed": seed,
            "structures": sets,
            "training": training,
            "measures": study.measures.model_copy(update={"scenes": MANY_TRAINING}),
            "deviations": tuple(shown if each.what == shown.what else each for each in study.deviations),
        }
    )


def _with_one_rate(study: Study, starts: int) -> Study:
    """The study with the first of its learning rates and so many random starts."""
    return study.model_copy(update={"learning_rates": study.learning_rates[:1], "random_starts": starts})


def _study(name: str, question: str, family: Family, deviations: tuple[Deviation, ...] = ()) -> Study:
    return Study(
        name=name,
        question=question,
        structures=_sets(family.scenes),
        simulation=compact_simulation(),
        mask=MaskSpec(preset="clean", blur_A=1.6),
        domains=dict(family.domains),
        train_on=family.train_on,
        test_on=family.test_on,
        network=COMPACT,
        training=COMPACT_TRAINING,
        learning_rates=RATES,
        random_starts=5,
        deviations=(
            *COMPACT_DEVIATIONS,
            images_deviation(TRAINING, "thousands of networks on two cores"),
            SLICES_DEVIATION,
            *deviations,
        ),
    )


def _sets(scenes: Mapping[str, SceneDistribution]) -> dict[str, StructureSet]:
    return {
        name: StructureSet(scenes=each, training=TRAINING, validation=VALIDATION, test=TEST)
        for name, each in scenes.items()
    }
