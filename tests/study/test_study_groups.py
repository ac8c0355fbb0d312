"""Networks are put together so that they share images and all workers end together; and kept things stay small."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_samples import tiny_study

from passband.study.groups import MOST_MEMBERS, grouped
from passband.study.kept import Kept
from passband.study.plan import in_part, network_plans
from passband.study.study import MAIN, Series, Study


def with_series(starts: int) -> Study:
    study = tiny_study(random_starts=starts)
    second = Series(train_on=("+8 nm",), test_on=("+8 nm", "+4 nm"), learning_rates=(5e-3, 2e-3))
    return Study.model_validate(study.model_copy(update={"series": {"second": second}}).model_dump())


@given(st.integers(1, 40), st.integers(1, 64))
def test_every_network_is_in_one_group_with_its_own_kind(starts: int, workers: int) -> None:
    plans = network_plans(with_series(starts))
    groups = grouped(plans, workers)
    assert Counter(plan.part_id for group in groups for plan in group) == Counter(p.part_id for p in plans)
    for group in groups:
        assert len({(plan.member.series, plan.domain) for plan in group}) == 1
        assert 1 <= len(group) <= MOST_MEMBERS
    series = [group[0].member.series for group in groups]
    assert series == sorted(series), "one series after the other: main, second"


@given(st.integers(1, 40), st.integers(1, 8))
def test_there_is_work_for_all_workers_until_the_end(starts: int, workers: int) -> None:
    """Either a group is a single network, or there are at least eight tasks for each worker."""
    groups = grouped(network_plans(with_series(starts)), workers)
    assert max(map(len, groups)) == 1 or len(groups) >= 8 * workers


def test_domains_take_turns() -> None:
    groups = grouped(network_plans(tiny_study(random_starts=64)), 1)
    domains = [group[0].domain for group in groups]
    assert domains == ["-8 nm", "+8 nm"] * (len(groups) // 2)


@given(st.integers(1, 9))
def test_parts_of_a_study_share_no_network_and_leave_none_out(parts: int) -> None:
    ids = [plan.network_id for plan in network_plans(tiny_study(random_starts=20))]
    owners = [[part for part in range(1, parts + 1) if in_part(each, part, parts)] for each in ids]
    assert all(len(owner) == 1 for owner in owners)


def test_what_is_kept_never_exceeds_its_bytes_and_is_always_right() -> None:
    for evict in (True, False):
        kept: Kept[bytes] = Kept(100, len, evict)
        for number in [0, 1, 2, 3, 0, 1, 2, 3, 9]:
            assert kept.value(number, lambda n=number: bytes([n]) * 40) == bytes([number]) * 40
            assert kept.bytes <= 100
        assert kept.value("large", lambda: bytes(101)) == bytes(101)
        assert kept.bytes <= 100


def test_in_turn_after_turn_the_first_values_stay_and_are_made_once() -> None:
    made: Counter[int] = Counter()

    def make(number: int) -> bytes:
        made[number] += 1
        return bytes(40)

    kept: Kept[bytes] = Kept(100, len, evict=False)
    for _ in range(5):
        for number in range(4):
            kept.value(number, lambda n=number: make(n))
    assert made == {0: 1, 1: 1, 2: 5, 3: 5}
    kept.keep_only({3})
    for number in (3, 0, 3):
        kept.value(number, lambda n=number: make(n))
    assert made == {0: 2, 1: 1, 2: 5, 3: 6}


def test_a_series_alone_has_the_networks_and_the_scores_that_it_has_in_the_study() -> None:
    study = with_series(3)
    every = {plan.part_id: plan.member.series for plan in network_plans(study)}
    for name in (MAIN, "second"):
        alone = network_plans(study.only(name))
        assert {plan.part_id for plan in alone} == {part for part, series in every.items() if series == name}


def test_two_series_that_train_the_same_network_are_refused() -> None:
    study = tiny_study()
    again = Series(train_on=("+8 nm",), test_on=("+8 nm",))
    doubled = study.model_copy(update={"series": {"again": again}})
    with pytest.raises(Exception, match="train the same network"):
        network_plans(doubled)
