"""The command line, called as a user calls it."""

import sys

import pytest

from passband.cli import main


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of `passband arguments`."""
    monkeypatch.setattr(sys, "argv", ["passband", *arguments])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
