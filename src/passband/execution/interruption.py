"""Ctrl-C and SIGTERM: the run stops, what is finished is kept, and one line says how to go on."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from passband.errors import UserError

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupted(UserError):  # noqa: N818 - it is no error of anybody
    """The user, or the machine, has stopped the run; nothing finished is lost. Exit code: 128 + SIGINT."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("stopped; everything finished is kept, run the same command again to go on")


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT and SIGTERM in the block into `Interrupted`, after the block has closed what it opened."""
    handlers = dict.fromkeys(_SIGNALS, signal.default_int_handler)
    try:
        with _handlers(handlers):
            yield
    except KeyboardInterrupt:
        raise Interrupted from None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM in the block: for a short clean-up that must not be cut in half."""
    with _handlers(dict.fromkeys(_SIGNALS, signal.SIG_IGN)):
        yield


@contextmanager
def children_without_signals() -> Iterator[None]:
    """Hold back SIGINT and SIGTERM in the block, and for ever in threads and processes started inside.

    A terminal sends Ctrl-C to every process of the command, a batch system may do so with SIGTERM. Only the
    driver is to answer: it ends its workers, which also end by themselves when it dies.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables during the block, for the processes that are started inside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _handlers(handlers: Mapping[signal.Signals, Any]) -> Iterator[None]:
    """Signal handlers for the block; outside the main thread, where Python allows none, it just runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
