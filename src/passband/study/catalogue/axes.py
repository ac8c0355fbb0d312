"""One study for every family of domains, small enough for one sitting, and all of them at the paper's scale."""

from passband.networks.spec import COMPACT, NetworkSpec
from passband.study.catalogue.compact import compact_study, structure_sets, with_one_rate
from passband.study.catalogue.deviations import BLUR_DEVIATION, LARGE_DEVIATION
from passband.study.catalogue.families import (
    breadth_family,
    defocus_family,
    dose_family,
    imaging_family,
    mixture_family,
    side_family,
    structure_family,
    thickness_family,
)
from passband.study.study import Study


def dose() -> Study:
    """50 networks on five doses, tested on twelve."""
    question = "Does a network trained at one dose work at another?"
    return compact_study("dose", question, dose_family())


def structure() -> Study:
    """36 networks on nine lattices in two sizes, each tested on all of them."""
    question = "What does a change of the structure cost, at one and the same imaging condition?"
    large = compact_study("structure", question, structure_family(), (LARGE_DEVIATION, BLUR_DEVIATION))
    return with_one_rate(large, starts=2)


def thickness() -> Study:
    """18 networks on nine thicknesses of the support, each tested on all of them."""
    question = "What does a thicker support cost, of which the transfer of the lens knows nothing?"
    return with_one_rate(compact_study("thickness", question, thickness_family()), starts=2)


def mixtures() -> Study:
    """120 networks on mixtures of two defoci, tested on the defocus series."""
    return compact_study(
        "mixtures", "Does training on two defoci cover what lies between them?", mixture_family()
    )


def breadth() -> Study:
    """120 networks on wider and wider distributions of defocus."""
    return compact_study(
        "breadth", "How wide should the defocus of the training images be?", breadth_family()
    )


def side() -> Study:
    """44 networks on the defocus series, with the particles before the support and behind it."""
    question = "Does it matter whether the beam meets the particles or the support first?"
    return with_one_rate(compact_study("side", question, side_family()), starts=2)


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
    first = compact_study("paper-scale", question, own, (LARGE_DEVIATION, BLUR_DEVIATION))
    joined = [family for family, _ in families.values()]
    sets = {name: scenes for family in joined for name, scenes in family.scenes.items()}
    domains = {name: domain for family in joined for name, domain in family.domains.items()}
    return Study.model_validate(
        first.model_copy(
            update={
                "structures": structure_sets(sets),
                "domains": dict(own.domains) | domains,
                "random_starts": 100,
                "series": series | sizes,
            }
        ).model_dump()
    )


def resized(network: NetworkSpec, factor: float) -> NetworkSpec:
    """A network with so many times the channels at every level."""
    return network.model_copy(update={"widths": tuple(round(width * factor) for width in network.widths)})
