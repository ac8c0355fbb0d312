"""Random kinds of particles on random films: the scenes of studies in which structure and imaging change at once.

All ranges are ours; they hold those of the published structure series and more.

    lattice     of the given ones in turn
    diameter    1.5 nm wide, around a middle of 2.25 to 6.25 nm
    number      1 to at most 2 to 5 where they are below 5 nm, 1 or 2 where they are larger, as no more fit
    support     amorphous carbon, its thickness 0 to 5 nm wide from 1 to 7 nm on
"""

from typing import Final

from passband.seeds import random_stream
from passband.structure.distribution import AmorphousCarbon, ParticleDistribution, SceneDistribution

FIELD_NM: Final = 10.24
WIDTH_NM: Final = 1.5
MIDDLES_NM: Final = (2.25, 6.25)
SMALL_NM: Final = 5.0
"""Diameter up to which five particles find room."""


def drawn_particles(seed: int, number: int, lattices: tuple[str, ...]) -> SceneDistribution:
    """The kind of this number, from 0, in the family of a seed; it does not depend on how many there are."""
    stream = random_stream(seed, "kind of particles", number)
    smallest_nm = round(float(stream.uniform(*MIDDLES_NM)) - WIDTH_NM / 2, 2)
    most = int(stream.integers(2, 6))
    thinnest_nm, range_nm = (round(float(stream.uniform(lo, hi)), 2) for lo, hi in ((1, 7), (0, 5)))
    largest_nm = round(smallest_nm + WIDTH_NM, 2)
    return SceneDistribution(
        field_nm=FIELD_NM,
        crystal=lattices[number % len(lattices)],
        particles=ParticleDistribution(
            diameter_nm=(smallest_nm, largest_nm),
            count=(1, most if largest_nm <= SMALL_NM else 2),
            separation_nm=1.0,
            stacking_faults=(0, 0),
        ),
        support=AmorphousCarbon(thickness_nm=(thinnest_nm, round(thinnest_nm + range_nm, 2))),
    )
