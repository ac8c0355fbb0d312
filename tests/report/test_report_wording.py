"""Numbers as words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.report.wording import count, duration, interval, number, plain, signed, typographic


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_number_reads_back_as_its_rounded_value_with_a_true_minus(value: float, digits: int) -> None:
    text = number(value, digits)
    assert "-" not in text
    assert float(text.replace("−", "-")) == round(value, digits)


@given(st.floats(-1e3, 1e3))
def test_a_signed_number_shows_a_sign_unless_it_rounds_to_zero(value: float) -> None:
    text = signed(value)
    assert (text[0] in "+−") is (round(value, 2) != 0)


def test_what_is_not_known_is_a_dash_and_has_no_interval() -> None:
    assert number(math.nan) == plain(math.inf) == duration(math.nan) == "–"
    assert interval(math.nan, 1.0) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1.74, "1.7 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (192, "3 min 12 s"), (7499, "2 h 5 min")],
)
def test_a_duration_is_told_in_the_two_units_that_matter(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_one_thing_is_singular_and_thousands_are_grouped() -> None:
    assert (count(1, "network"), count(12000, "network")) == ("1 network", "12,000 networks")


def test_a_hyphen_is_a_minus_only_in_front_of_a_number() -> None:
    assert typographic("defocus -10 nm, ResNet-18") == "defocus −10 nm, ResNet-18"
