"""The command itself and its two consoles: results on stdout, messages on stderr."""

from typing import Annotated

import typer
from rich.console import Console

from passband import __version__

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Will a network trained on HRTEM images of one imaging condition work at another?",
)
results = Console(soft_wrap=True)
messages = Console(stderr=True, soft_wrap=True, highlight=False)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        results.print(f"passband {__version__}")
        raise typer.Exit
