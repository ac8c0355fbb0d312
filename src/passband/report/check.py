"""The page of a convergence study: a figure, a table, and sentences; all of it in one file that works offline."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files

from passband import __version__
from passband.accuracy.result import LIMIT, Check
from passband.accuracy.verdict import COLUMNS, percent, rows, sentences, verdict
from passband.report.look import rendered
from passband.report.page import FigureOnPage, template
from passband.report.plots_check import plot_check


def check_files(check: Check, told: Mapping[str, str]) -> dict[str, bytes]:
    """check.json, check.html, check.svg and check.png of a check; told: what it is of, by what each fact is called."""
    record = {"of": dict(told), "limit": LIMIT, "verdict": verdict(check), "sentences": sentences(check)}
    contents = {"check.json": _json(record | asdict(check))}
    if not check.axes:
        return contents | {"check.html": _page(check, told, None)}
    figure = plot_check(check)
    contents["check.png"] = rendered(figure, "png")
    figure.set_layout_engine("none")
    contents["check.svg"] = rendered(figure, "svg")
    return contents | {"check.html": _page(check, told, contents["check.svg"])}


def _json(record: object) -> bytes:
    return (json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _page(check: Check, told: Mapping[str, str], svg: bytes | None) -> bytes:
    html = template("check.html.jinja").render(
        told=told,
        verdict=verdict(check),
        sentences=sentences(check),
        columns=COLUMNS,
        rows=rows(check),
        references=[(axis.key, axis.reference) for axis in check.axes],
        figure=FigureOnPage(svg, "", "", "", 1.0).source if svg else None,
        limit=percent(LIMIT),
        version=__version__,
        style=files("passband.report").joinpath("style.css").read_text(encoding="utf-8"),
    )
    return html.encode()
