"""Documents that people read and write: YAML and JSON, as plain data only.

YAML is read by a safe loader that makes no objects. It also refuses what turns a typing error into a wrong
study: a key given twice, an alias (which may unfold into gigabytes); and it reads 1e-3 as a number, which
YAML 1.1 takes for text.
"""

import json
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from passband.errors import UserError
from passband.storage.atomic import explained_io, write_bytes, write_text
from passband.storage.damage import DamagedArtefact
from passband.storage.seals import HOLE, is_intact, sealed

LARGEST_BYTES: Final = 16 * 2**20
"""No document of ours comes near this size; a larger file is something else."""
_SEAL: Final = "seal"
_NUMBER: Final = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+$")


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader without aliases and without keys given twice."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not read here", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key.value}' is given twice", problem_mark=key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


_PlainLoader.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, list("-+0123456789."))


def load_yaml(path: Path) -> Any:
    """Plain data (dict, list, text, number, None) of a YAML file.

    Raises UserError, naming the file and the line, when it is missing, no YAML, or more than plain data.
    """
    text = load_text(path)
    try:
        loader = _PlainLoader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{path}{line}: {error.problem}; plain YAML was expected") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).split("\n", 1)[0]
        raise UserError(f"{path}: {reason}; plain YAML was expected") from None


def yaml_text(data: object) -> str:
    """Plain data as YAML, keys in the order given."""
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    return text


def load_json(path: Path) -> Any:
    """Plain data of a JSON file.

    Raises UserError, naming the file and the line, when it is missing or no JSON.
    """
    try:
        return json.loads(load_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path} line {error.lineno}: {error.msg}; JSON was expected") from None
    except RecursionError:
        raise UserError(f"{path}: nested too deeply; JSON was expected") from None


def write_json(path: Path, data: object) -> None:
    """Write plain data as indented JSON, atomically. Raises ValueError for NaN or infinity."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_sealed_json(path: Path, data: Mapping[str, object]) -> None:
    """Write an object as `write_json` does, with a checksum of the whole file under the key "seal"."""
    text = json.dumps({**data, _SEAL: HOLE}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(path, sealed(text.encode()))


def is_sealed_json(path: Path) -> bool:
    """Whether a file is there as `write_sealed_json` wrote it."""
    return path.is_file() and is_intact(path.read_bytes())


def load_sealed_json(path: Path) -> dict[str, Any]:
    """The object that was written. Raises UserError where it is missing, DamagedArtefact where it was changed."""
    data = load_json(path)
    if not is_sealed_json(path):
        raise DamagedArtefact(path, "its checksum does not match")
    return {key: value for key, value in data.items() if key != _SEAL}


def load_text(path: Path) -> str:
    """A small text file in UTF-8. Raises UserError when it is missing, too large or no text."""
    with explained_io("reading", path):
        if not path.exists():
            raise UserError(f"there is no file {path}; give the path of an existing one")
        if not path.is_file():
            raise UserError(f"{path} is not a file; give the path of a file")
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError(f"{path} is larger than {LARGEST_BYTES // 2**20} MiB; a text file was expected")
        data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text in UTF-8; a text file was expected") from None
