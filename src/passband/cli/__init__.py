"""The command line: thin. It reads arguments, calls one function of a room, and prints what comes back.

Heavy imports stand inside the commands, so that `passband --help` answers at once. A UserError becomes one sentence on
stderr and exit code 2; an interruption says how to go on and exits with 130.
"""

from passband.cli import (
    analyse,
    cluster,
    foretell,
    image,
    information,
    microscopes,
    scene,
    segment,
    simulate,
    studies,
    wave,
)
from passband.cli.console import app, messages
from passband.errors import UserError

__all__ = [
    "analyse",
    "cluster",
    "foretell",
    "image",
    "information",
    "main",
    "microscopes",
    "scene",
    "segment",
    "simulate",
    "studies",
    "wave",
]


def main() -> None:
    """Entry point of the command `passband`."""
    try:
        app()
    except UserError as error:
        messages.print(f"passband: {error}", markup=False)
        raise SystemExit(error.exit_code) from None
