"""Records: frozen, strict data that says all of something, with a content id.

A record is written by users in YAML and by the catalogue as Python. Its canonical JSON is the input of its id, so two
equal records have one id everywhere, and any change of a number is a new id.
"""

import hashlib
import json
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from passband.errors import UserError


class Record(BaseModel):
    """Base of every record: immutable, unknown keys refused, no silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


R = TypeVar("R", bound=Record)


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces, of a record or of plain data that may hold records."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False)


def content_id(value: object) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def parse_record(kind: type[R], data: object, where: str) -> R:
    """Validate plain data (as YAML or JSON give it) into a record.

    Raises UserError with one sentence naming the place, the key and what would be right.
    """
    try:
        return kind.model_validate_json(json.dumps(data))
    except ValidationError as error:
        details = error.errors()
        unknown = [detail for detail in details if detail["type"] == "extra_forbidden"]
        raise UserError(f"{where}: {_sentence(kind, (unknown or details)[0])}") from None
    except TypeError as error:
        raise UserError(f"{where}: {error}") from None


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} is not data")


def _sentence(kind: type[Record], detail: ErrorDetails) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        known = _keys(kind)
        if key in known:
            return f"unknown key '{place}' at this place"
        near = get_close_matches(key, known, n=1, cutoff=0.5)
        return f"unknown key '{place}'" + (f"; did you mean '{near[0]}'?" if near else "")
    if detail["type"] == "missing":
        return f"the key '{place}' is missing"
    message = detail["msg"].removeprefix("Value error, ")
    given = detail.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{place}: {message}{shown}" if place else f"{message}{shown}"


def _keys(kind: type[BaseModel], seen: frozenset[type] = frozenset()) -> list[str]:
    """The keys of a record and of the records inside it."""
    keys = list(kind.model_fields)
    for field in kind.model_fields.values():
        for inner in _records_in(field.annotation):
            if inner not in seen:
                keys += _keys(inner, seen | {kind, inner})
    return keys


def _records_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [record for part in getattr(annotation, "__args__", ()) for record in _records_in(part)]
