"""Names that may become file names: letters, digits, _ and -, so that no path leaves its folder."""

import re
from typing import Final

from passband.errors import UserError

LONGEST: Final = 128
"""Longest identifier [characters]; with a suffix it stays far below the 255 of every file system."""
_ALLOWED: Final = re.compile(r"[0-9a-zA-Z_-]+")


def checked_id(identifier: str, what: str) -> str:
    """The identifier itself, when it is safe as a file name.

    what: the thing it names, for the message. Raises UserError otherwise.
    """
    if len(identifier) > LONGEST or not _ALLOWED.fullmatch(identifier):
        shown = identifier if len(identifier) <= LONGEST else identifier[:LONGEST] + "…"
        raise UserError(
            f"{shown!r} cannot be the id of a {what}: "
            f"an id has 1 to {LONGEST} letters, digits, '_' or '-' and nothing else"
        )
    return identifier
