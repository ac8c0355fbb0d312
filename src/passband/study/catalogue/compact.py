"""What the studies of compact networks have in common: size, simulation, masks, training, and what deviates."""

from collections.abc import Mapping

from passband.networks.spec import COMPACT
from passband.structure.distribution import SceneDistribution
from passband.study.catalogue.defocus import compact_simulation
from passband.study.catalogue.deviations import COMPACT_DEVIATIONS, SLICES_DEVIATION, images_deviation
from passband.study.catalogue.families import Family
from passband.study.study import Deviation, MaskSpec, StructureSet, Study
from passband.training.spec import COMPACT_TRAINING

TRAINING, VALIDATION, TEST = 36, 6, 32
"""Scenes of every set of structures."""
RATES = (COMPACT_TRAINING.learning_rate, COMPACT_TRAINING.learning_rate / 3)


def with_one_rate(study: Study, starts: int) -> Study:
    """The study with the first of its learning rates and so many random starts."""
    return study.model_copy(update={"learning_rates": study.learning_rates[:1], "random_starts": starts})


def compact_study(name: str, question: str, family: Family, deviations: tuple[Deviation, ...] = ()) -> Study:
    """A study of compact networks on a family of domains: two learning rates, five random starts of each."""
    return Study(
        name=name,
        question=question,
        structures=structure_sets(family.scenes),
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


def structure_sets(scenes: Mapping[str, SceneDistribution]) -> dict[str, StructureSet]:
    """Sets of the usual size, by name."""
    return {
        name: StructureSet(scenes=each, training=TRAINING, validation=VALIDATION, test=TEST)
        for name, each in scenes.items()
    }
