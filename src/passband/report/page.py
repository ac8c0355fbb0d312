"""The page: values become words, tables become rows, and a template puts them in order."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from math import isfinite
from typing import Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from passband.report.axis import DomainAxis, domain_axis
from passband.report.data import Cost, ReportData
from passband.report.headline import Headline
from passband.report.measures import is_overlap, measure_words, overall_spearman, told_coefficient
from passband.report.prediction import prediction_paragraphs
from passband.report.summary import TOLERANCE
from passband.report.wording import count, duration, number, typographic

MOST_FAILURES: Final = 200
MOST_OPEN: Final = 40
"""Rows of the key to domains with which it is open at first: more would push the page out of sight."""
STATISTICS: Final = (("overall", "spearman"), ("overall", "kendall"), ("within_training", "spearman"))


@dataclass(frozen=True)
class FigureOnPage:
    """A drawn figure: the SVG, its words, and the share of the page's width that it takes, at most 1."""

    svg: bytes
    lead: str
    caption: str
    alt: str
    width: float

    @property
    def source(self) -> str:
        """The drawing as a data URI."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode("ascii")


def template(name: str) -> Template:
    """A page of this room, by the name of its file; what is put into it is escaped, and nothing may be missing."""
    environment = Environment(
        loader=PackageLoader("passband", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def page(data: ReportData, told: Headline, figures: Mapping[str, FigureOnPage]) -> str:
    """The whole page as HTML, with its style and figures inside; all text is escaped."""
    return template("page.html.jinja").render(
        data=data,
        style=files("passband.report").joinpath("style.css").read_text(encoding="utf-8"),
        headline=told,
        figures=figures,
        mask=_mask_words(data),
        sample=_sample_words(data),
        key=_key(domain_axis(data.domains)),
        most_open=MOST_OPEN,
        correlations=_correlation_rows(data.correlations),
        prediction=[] if data.prediction is None else prediction_paragraphs(data.prediction),
        failures=[
            (str(each.task), str(each.reason)) for each in data.failures.head(MOST_FAILURES).itertuples()
        ],
        more_failures=max(0, len(data.failures) - MOST_FAILURES),
        stages=_stage_rows(data.cost.stages),
        costs=_cost_rows(data.cost),
        level=f"{data.interval_level:.0%}",
        tolerance=f"{TOLERANCE:g}",
    )


def _key(axis: DomainAxis) -> list[tuple[str, str]]:
    """Which number stands for which domain, where the figures use numbers."""
    return [(axis.tick(name), typographic(name)) for name in axis.order] if axis.is_keyed else []


def _mask_words(data: ReportData) -> str:
    share = float(data.every["mask_fraction"].mean()) if len(data.every) else float("nan")
    area = (
        f"; the masks cover {number(100 * share, 1)}% of the tested images on average"
        if isfinite(share)
        else ""
    )
    return f"mask preset “{data.mask_preset}”{area}"


def _sample_words(data: ReportData) -> str:
    """What comes from a sample of networks; empty where every image was read."""
    if data.means is None:
        return ""
    drawn, every = (table["network_id"].nunique() for table in (data.scores, data.means))
    return (
        f"This series is large: medians, quartiles and rank correlations are those of all {every:,} networks. Only "
        f"intervals over structures come from a sample of {drawn:,} of them, as many of each training domain and "
        "drawn with a fixed seed; they are laid around the medians of all networks."
    )


def _correlation_rows(correlations: pd.DataFrame) -> list[dict[str, object]]:
    """A row per measure, the strongest first, with the cells of both metrics."""
    known = overall_spearman(correlations)
    strength = known.assign(strength=known["value"].abs()).groupby("measure")["strength"].max()
    return [
        {
            "measure": measure_words(str(name)),
            "kind": "overlap" if is_overlap(str(name)) else "distance",
            "cells": [
                told_coefficient(correlations, str(name), metric, *statistic)
                for metric in ("pixel_error", "dice")
                for statistic in STATISTICS
            ],
        }
        for name in strength.sort_values(ascending=False, kind="stable").index
    ]


def _stage_rows(stages: pd.DataFrame) -> list[tuple[str, str, str]]:
    columns = (stages["stage"], stages["tasks"], stages["seconds"])
    return [
        (str(name), f"{tasks:,}", duration(seconds)) for name, tasks, seconds in zip(*columns, strict=True)
    ]


def _cost_rows(cost: Cost) -> list[tuple[str, str]]:
    rate = number(cost.networks_per_hour, 1 if cost.networks_per_hour < 100 else 0)
    rows = [("Networks per hour", rate), ("Training images seen", count(cost.images_seen, "image"))]
    return rows + list(cost.machine.items())
