import pytest

from passband.errors import UserError
from passband.records import Record, canonical_json, content_id, parse_record


class Inner(Record):
    defocus_nm: float = 0.0
    counts: tuple[int, int] = (1, 2)


class Outer(Record):
    name: str
    inner: Inner = Inner()


def test_equal_records_have_one_id_whatever_the_order_of_their_keys() -> None:
    one = parse_record(Outer, {"name": "a", "inner": {"defocus_nm": 5, "counts": [1, 3]}}, "x")
    other = parse_record(Outer, {"inner": {"counts": [1, 3], "defocus_nm": 5.0}, "name": "a"}, "x")
    assert content_id(one) == content_id(other)


def test_any_change_of_a_number_is_a_new_id() -> None:
    assert content_id(Inner(defocus_nm=5.0)) != content_id(Inner(defocus_nm=5.000001))


def test_an_id_is_the_same_in_every_process() -> None:
    # SHA-256 of {"counts":[1,2],"defocus_nm":0.0}, computed with sha256sum
    assert canonical_json(Inner()) == '{"counts":[1,2],"defocus_nm":0.0}'
    assert content_id(Inner()) == "a8d3ee4421d18478"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"name": "a", "inner": {"defocus": 3}}, "unknown key 'inner.defocus'; did you mean 'defocus_nm'?"),
        ({"nam": "a", "name": "b"}, "unknown key 'nam'; did you mean 'name'?"),
        ({"inner": {}}, "the key 'name' is missing"),
        (
            {"name": "a", "inner": {"defocus_nm": "3"}},
            "inner.defocus_nm: Input should be a valid number (given: '3')",
        ),
        ({"name": 3}, "name: Input should be a valid string (given: 3)"),
        ({"name": "a", "inner": {"counts": [1, 2.5]}}, "inner.counts.1: Input should be a valid integer"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_remedy(data: object, sentence: str) -> None:
    with pytest.raises(UserError, match="my file: ") as caught:
        parse_record(Outer, data, "my file")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        Inner().defocus_nm = 3.0  # type: ignore[misc]
