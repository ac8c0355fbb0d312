"""Documents are plain data; what is wrong with one is told with its file and line."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.storage.damage import DamagedArtefact
from passband.storage.documents import (
    LARGEST_BYTES,
    is_sealed_json,
    load_json,
    load_sealed_json,
    load_yaml,
    write_json,
    write_sealed_json,
    yaml_text,
)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=8,
)

HOSTILE_YAML = [
    "!!python/object/apply:os.system ['touch {trace}']",
    "!!python/object/new:subprocess.Popen [['touch', '{trace}']]",
    "a: !!python/name:os.system",
    "!!python/module:os",
    "a: !!python/object/apply:builtins.eval [\"open('{trace}', 'w')\"]",
    "!!python/object:pathlib.Path {{}}",
    "%TAG ! tag:yaml.org,2002:python/\n---\n!object/apply:os.system ['touch {trace}']",
    "a: !include /etc/passwd",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.yaml"


@given(PLAIN)
def test_plain_data_survives_yaml_and_json(tmp_path_factory: pytest.TempPathFactory, data: object) -> None:
    folder = tmp_path_factory.mktemp("documents")
    write_json(folder / "a.json", data)
    assert load_json(folder / "a.json") == data
    (folder / "a.yaml").write_text(yaml_text(data), encoding="utf-8")
    assert load_yaml(folder / "a.yaml") == data


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "1.0e-3", "+1.e-3", ".1e-2", "0.001", "1_0e-4"])
def test_a_number_is_a_number_however_it_is_written(path: Path, text: str) -> None:
    path.write_text(f"learning_rate: {text}")
    assert load_yaml(path) == {"learning_rate": 0.001}


@pytest.mark.parametrize("text", ["1e", "e-3", "12nm", "1e-3x", "-10 nm"])
def test_text_that_begins_like_a_number_stays_text(path: Path, text: str) -> None:
    path.write_text(f"a: {text}")
    assert load_yaml(path) == {"a": text}


@pytest.mark.parametrize("hostile", HOSTILE_YAML)
def test_yaml_tags_run_nothing(path: Path, tmp_path: Path, hostile: str) -> None:
    trace = tmp_path / "executed"
    path.write_text(hostile.format(trace=trace))
    with pytest.raises(UserError, match=r"study.yaml line \d+: .*plain YAML was expected"):
        load_yaml(path)
    assert not trace.exists()


def test_a_yaml_bomb_is_refused_at_once(path: Path) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    path.write_text(f"l0: &l0 [x, x]\n{levels}\n")
    with pytest.raises(UserError, match="line 2: aliases are not read here"):
        load_yaml(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' is given twice"),
        ("a: {b: 1, b: 2}", "line 1: the key 'b' is given twice"),
        ("a: [1, 2\nb: 3", "line 2"),
        ("a: 1\n  b: 2", "line 2"),
        ("? {a: 1}\n: 2", "line 1: found unhashable key"),
        ("a: \t1\n\t- b", "line 1"),
        ("[" * 5000, "plain YAML was expected"),
        ("--- 1\n--- 2", "line 2"),
    ],
)
def test_a_syntax_error_is_told_in_one_sentence_with_its_line(path: Path, text: str, told: str) -> None:
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_yaml(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("load", [load_yaml, load_json])
def test_what_is_no_text_file_is_told(tmp_path: Path, load: object) -> None:
    assert callable(load)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    for name, told in (
        ("missing", "there is no file"),
        (".", "is not a file"),
        ("binary", "is not text in UTF-8"),
        ("huge", "is larger than 16 MiB"),
    ):
        with pytest.raises(UserError, match=told):
            load(tmp_path / name)


def test_broken_json_is_told_with_its_line(path: Path) -> None:
    path.write_text('{"a": 1,\n "b": }')
    with pytest.raises(UserError, match=r"study.yaml line 2: .*JSON was expected"):
        load_json(path)
    path.write_text("[" * 100_000)
    with pytest.raises(UserError, match="JSON was expected"):
        load_json(path)


def test_nothing_is_written_when_the_data_is_not_plain(path: Path) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_json(path, {"a": float("nan")})
    with pytest.raises(yaml.YAMLError):
        yaml_text({"a": object()})
    assert not path.exists()


def test_documents_keep_the_order_of_their_keys(path: Path) -> None:
    data = {"z": 1, "a": 2}
    path.write_text(yaml_text(data), encoding="utf-8")
    assert list(load_yaml(path)) == ["z", "a"]
    write_json(path, data)
    assert list(json.loads(path.read_text())) == ["z", "a"]


def test_one_flipped_bit_of_a_sealed_document_is_found(path: Path) -> None:
    data = {"mae": 0.05, "of": ["a", "b"], "none": None}
    write_sealed_json(path, data)
    assert load_sealed_json(path) == data
    written = path.read_bytes()
    for place in range(len(written)):
        path.write_bytes(written[:place] + bytes([written[place] ^ 1]) + written[place + 1 :])
        assert not is_sealed_json(path)
    path.write_bytes(written.replace(b"0.05", b"0.04"))
    with pytest.raises(DamagedArtefact, match="checksum"):
        load_sealed_json(path)
    write_json(path, data)
    assert not is_sealed_json(path), "without a seal nothing is known"
