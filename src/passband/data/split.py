"""Which structures serve training, validation and test; never one for two."""

from collections.abc import Sequence
from dataclasses import dataclass

from passband.errors import UserError
from passband.seeds import random_stream


@dataclass(frozen=True)
class StructureSplit:
    """Ids of structures by purpose; no id stands in two."""

    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def split_structures(ids: Sequence[str], counts: tuple[int, int, int], seed: int) -> StructureSplit:
    """Deal different ids at random into training, validation and test; ids left over serve nothing.

    The result depends on the set of ids, not on their order. Raises UserError where there are too few.
    """
    distinct = sorted(set(ids))
    if min(counts) < 0:
        raise ValueError(f"counts of structures must not be negative: {counts}")
    if sum(counts) > len(distinct):
        raise UserError(
            f"{sum(counts)} structures are asked for ({counts[0]} for training, {counts[1]} for validation, "
            f"{counts[2]} for test) but there are {len(distinct)} different ones; "
            "ask for fewer or simulate more"
        )
    order = random_stream(seed, "split").permutation(len(distinct))
    dealt = [distinct[index] for index in order]
    first, second = counts[0], counts[0] + counts[1]
    return StructureSplit(
        tuple(dealt[:first]), tuple(dealt[first:second]), tuple(dealt[second : second + counts[2]])
    )
