"""No structure ever serves two purposes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.data.split import split_structures
from passband.errors import UserError


@given(st.sets(st.text(max_size=2), max_size=15), st.data(), st.integers(0, 2**63 - 1))
def test_a_split_is_disjoint_complete_in_number_and_deals_known_ids_only(
    ids: set[str], data: st.DataObject, seed: int
) -> None:
    counts = data.draw(st.tuples(*[st.integers(0, len(ids) // 3)] * 3))
    split = split_structures(sorted(ids), counts, seed)
    parts = (split.training, split.validation, split.test)
    assert tuple(map(len, parts)) == counts
    dealt = [each for part in parts for each in part]
    assert len(set(dealt)) == len(dealt)
    assert set(dealt) <= ids


def test_order_and_repetition_of_the_ids_do_not_matter_and_the_seed_does() -> None:
    ids = [f"s{n}" for n in range(30)]
    split = split_structures(ids, (10, 5, 5), seed=1)
    assert split_structures(ids[::-1] + ids, (10, 5, 5), seed=1) == split
    assert split_structures(ids, (10, 5, 5), seed=2) != split


def test_more_than_there_are_is_refused_with_both_numbers() -> None:
    with pytest.raises(UserError, match=r"21 structures are asked for .* there are 20 different"):
        split_structures([f"s{n % 20}" for n in range(40)], (10, 5, 6), seed=0)
    with pytest.raises(ValueError, match="negative"):
        split_structures(["a"], (1, -1, 0), seed=0)
