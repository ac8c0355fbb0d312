"""Studies of the published defocus series: small, for one night, and at its published size."""

from passband.data.spec import BatchSpec
from passband.imaging.distribution import ImagingDistribution, normal
from passband.networks.spec import COMPACT, PUBLISHED
from passband.scattering.spec import SimulationSpec
from passband.structure.distribution import AmorphousCarbon, ParticleDistribution, SceneDistribution
from passband.study.catalogue.deviations import (
    COMPACT_DEVIATIONS,
    FIELD_DEVIATION,
    ORDER_DEVIATION,
    SLICES_DEVIATION,
    SPREAD_DEVIATION,
    images_deviation,
)
from passband.study.study import Domain, MaskSpec, StructureSet, Study
from passband.training.spec import COMPACT_TRAINING, PUBLISHED_TRAINING

TEST_DEFOCI_NM = tuple(range(-25, 26, 5))
TRAINING_DEFOCI_NM = (-10, -5, 0, 5, 10)
"""The domains of the published defocus series (method.md: DaCosta, Oill & Scott, doi 10.69761/kjte5358)."""


def defocus_name(defocus_nm: float) -> str:
    """The name of a domain of a defocus series, as it stands in every table."""
    return f"{defocus_nm:+g} nm" if defocus_nm else "0 nm"


def cadmium_selenide() -> SceneDistribution:
    """The published scenes: 1-5 CdSe spheres of 3-5 nm with up to two stacking faults on 2-8 nm of carbon."""
    return SceneDistribution(
        field_nm=10.24,
        crystal="CdSe",
        particles=ParticleDistribution(
            shape="sphere", diameter_nm=(3.0, 5.0), count=(1, 5), separation_nm=1.0, stacking_faults=(0, 2)
        ),
        support=AmorphousCarbon(thickness_nm=(2.0, 8.0)),
    )


def defocus_domains(dose_e_per_A2: float = 400.0) -> dict[str, Domain]:
    """Eleven domains 5 nm apart, each image's defocus drawn with a standard deviation of 1.5 nm; focal spread 1 nm."""
    return {
        defocus_name(mean): Domain(
            structures="CdSe",
            imaging=ImagingDistribution(
                energy_kV=300.0,
                defocus_nm=normal(mean, 1.5),
                focal_spread_nm=1.0,
                dose_e_per_A2=dose_e_per_A2,
            ),
        )
        for mean in TEST_DEFOCI_NM
    }


def compact_simulation() -> SimulationSpec:
    """Waves for the compact network, simulated with Debye-Waller factors at pixels of 0.2 Å."""
    return SimulationSpec(energy_kV=300.0, sampling_A=0.2, stored_sampling_A=COMPACT.input_sampling_A)


def demo() -> Study:
    """Five minutes on two cores: 20 compact networks on the published defocus series, small."""
    return Study(
        name="demo",
        question="How far in defocus does a network trained at one defocus keep working?",
        structures={"CdSe": StructureSet(scenes=cadmium_selenide(), training=36, validation=6, test=16)},
        simulation=compact_simulation(),
        mask=MaskSpec(preset="clean", blur_A=1.6),
        domains=defocus_domains(),
        train_on=tuple(map(defocus_name, TRAINING_DEFOCI_NM)),
        test_on=tuple(map(defocus_name, TEST_DEFOCI_NM)),
        network=COMPACT,
        training=COMPACT_TRAINING,
        learning_rates=(COMPACT_TRAINING.learning_rate,),
        random_starts=4,
        deviations=(
            *COMPACT_DEVIATIONS,
            images_deviation(36, "five minutes on two cores"),
            SLICES_DEVIATION,
        ),
    )


def defocus() -> Study:
    """One night on two cores: 200 compact networks, trained 3,000 steps each on waves simulated as published."""
    small = demo()
    long = small.training.model_copy(
        update={"steps": 3000, "first_validation": 1000, "batches": BatchSpec(noise="fresh")}
    )
    return small.model_copy(
        update={
            "name": "defocus",
            "structures": {
                "CdSe": StructureSet(scenes=cadmium_selenide(), training=128, validation=24, test=64)
            },
            "simulation": SimulationSpec(
                energy_kV=300.0,
                sampling_A=0.1,
                stored_sampling_A=COMPACT.input_sampling_A,
                frozen_phonons=8,
            ),
            "training": long,
            "learning_rates": (small.training.learning_rate, small.training.learning_rate / 3),
            "random_starts": 20,
            "deviations": (
                *COMPACT_DEVIATIONS,
                images_deviation(128, "one night on two cores", long),
            ),
        }
    )


def published_defocus() -> Study:
    """The defocus series at its published size: 512 training images of 512 px, 14 M parameters, 30 networks."""
    return Study(
        name="published-defocus",
        question="How far in defocus does a network trained at one defocus keep working?",
        structures={"CdSe": StructureSet(scenes=cadmium_selenide(), training=512, validation=64, test=64)},
        simulation=SimulationSpec(energy_kV=300.0, sampling_A=0.1, stored_sampling_A=0.2, frozen_phonons=8),
        mask=MaskSpec(preset="published", blur_A=1.6),
        domains=defocus_domains(),
        train_on=tuple(map(defocus_name, TRAINING_DEFOCI_NM)),
        test_on=tuple(map(defocus_name, TEST_DEFOCI_NM)),
        network=PUBLISHED,
        training=PUBLISHED_TRAINING,
        learning_rates=(1e-3, 1e-4),
        random_starts=3,
        deviations=(FIELD_DEVIATION, ORDER_DEVIATION, SPREAD_DEVIATION),
    )
