"""What differs from the published study, and why: rows of the report's table."""

from passband.networks.spec import COMPACT
from passband.study.study import Deviation
from passband.training.spec import COMPACT_TRAINING, TrainingSpec

FIELD_DEVIATION = Deviation(
    what="Support",
    published="12.8 nm wide, of which the images show 10.24 nm",
    here="10.24 nm wide and periodic, as wide as the images",
    why="a periodic field may be rolled as augmentation, and nothing is simulated that is not shown",
)
ORDER_DEVIATION = Deviation(
    what="What the beam meets first",
    published="not stated",
    here="the particles, then the support",
    why="one of the two had to be chosen; the field structures.*.scenes.first changes it",
)
SPREAD_DEVIATION = Deviation(
    what="Focal spread",
    published="10 Å, not said whether standard deviation or 1/e half width",
    here="10 Å standard deviation",
    why="the standard deviation is what we store; the 1/e half width would be 14 Å",
)


def images_deviation(structures: int, why: str, own: TrainingSpec = COMPACT_TRAINING) -> Deviation:
    """Fewer structures than published, under several conditions each."""
    noise = "fresh noise," if own.batches.noise == "fresh" else "noise drawn once,"
    return Deviation(
        what="Training structures, images",
        published="512 images, then 8-fold dihedral augmentation",
        here=f"{structures} structures under {own.images_per_structure} conditions each, {noise} dihedral and roll at "
        "every step",
        why=why,
    )


COMPACT_DEVIATIONS = (
    FIELD_DEVIATION,
    ORDER_DEVIATION,
    SPREAD_DEVIATION,
    Deviation(
        what="Images",
        published="512 x 512 px of 0.2 Å",
        here="256 x 256 px of 0.4 Å over the same 10.24 nm",
        why="the band up to 1.25 1/Å carries the information; the cost is a quarter",
    ),
    Deviation(
        what="Network and training",
        published="U-Net with a ResNet-18-like encoder, 14 M parameters, 10 epochs of Adam, cross entropy",
        here=f"compact U-Net with a stride-{COMPACT.stem_stride} stem, "
        f"{COMPACT_TRAINING.optimiser.capitalize()}, one-cycle learning rate, cross entropy + Dice, bfloat16",
        why="seconds per network instead of minutes on a GPU, so that many random starts are affordable",
    ),
    Deviation(
        what="Mask",
        published="phase > π/16, Gaussian blur 1.6 Å, label > 0.5",
        here="preset 'clean': the same with label > 0.2",
        why="along a zone axis the published rule keeps the atomic columns only; a fatter mask flatters Dice",
    ),
)

SLICES_DEVIATION = Deviation(
    what="Slices, pixels, phonons",
    published="0.1 Å pixels, 8 frozen phonons",
    here="0.2 Å pixels, Debye-Waller factors in the form factors, 3 Å slices",
    why="a fraction of the cost: pixels and slices cost CdSe 0.2 % of the contrast, while 8 phonons leave a speckle of "
    "10 % (passband simulate demo --check)",
)
LARGE_DEVIATION = Deviation(
    what="Large particles of the structure series",
    published="1-5 particles of 5-7 nm in a field, 1 nm apart",
    here="1-2 particles of 5-7 nm",
    why="no more of them fit a periodic field of 10.24 nm",
)
BLUR_DEVIATION = Deviation(
    what="Blur of the masks in the structure series",
    published="1 Å for C, Fe and Co3O4, 1.6 Å for the others",
    here="1.6 Å for all",
    why="one rule for every mask, so that areas can be compared",
)
