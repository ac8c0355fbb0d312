"""A study that runs in seconds: small vacuum scenes of a light crystal, two steps of training."""

from passband.data.spec import BatchSpec
from passband.imaging.distribution import ImagingDistribution, normal
from passband.networks.spec import NetworkSpec
from passband.scattering.spec import SimulationSpec
from passband.structure.distribution import AmorphousCarbon, ParticleDistribution, SceneDistribution
from passband.study.study import Domain, StructureSet, Study
from passband.training.spec import TrainingSpec


def tiny_study(
    name: str = "tiny", random_starts: int = 2, steps: int = 4, test: int = 2, seed: int = 3
) -> Study:
    scenes = SceneDistribution(
        field_nm=5.12,
        crystal="CdSe",
        particles=ParticleDistribution(
            diameter_nm=(2.5, 3.0), count=(1, 1), separation_nm=0.2, stacking_faults=(0, 0)
        ),
        support=AmorphousCarbon(thickness_nm=(0.5, 1.0)),
    )
    return Study(
        name=name,
        question="Does it run?",
        seed=seed,
        structures={"CdSe": StructureSet(scenes=scenes, training=3, validation=2, test=test)},
        simulation=SimulationSpec(sampling_A=0.2, stored_sampling_A=0.4),
        domains={
            f"{mean:+d} nm": Domain(
                structures="CdSe",
                imaging=ImagingDistribution(defocus_nm=normal(mean, 1.0), dose_e_per_A2=400.0),
            )
            for mean in (-8, 4, 8)
        },
        train_on=("-8 nm", "+8 nm"),
        test_on=("-8 nm", "+4 nm", "+8 nm"),
        network=NetworkSpec(stem_stride=2, stem_kernel=4, widths=(4, 8), blocks=(1, 1)),
        training=TrainingSpec(
            steps=steps, batches=BatchSpec(size=2), images_per_structure=1, validation_interval=2
        ),
        learning_rates=(1e-2,),
        random_starts=random_starts,
    )
