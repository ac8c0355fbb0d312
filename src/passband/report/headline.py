"""The answer in two or three sentences, made from the numbers and from nothing else."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from passband.report.axis import DomainAxis
from passband.report.data import ReportData
from passband.report.measures import told_coefficient
from passband.report.summary import TOLERANCE, Interval, Summary, basin_reach, loss_by_distance
from passband.report.wording import interval, number, signed, typographic


@dataclass(frozen=True)
class Headline:
    """sentences: the answer.  facts: (number, what it counts) to stand beside it."""

    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def headline(data: ReportData, summary: Summary | None) -> Headline:
    """The sentences and the counts of a study; a study without results says so."""
    if summary is None:
        reasons = "; the failures are listed below" if len(data.failures) else ""
        return Headline(
            (f"No network was trained and tested, so there is no answer{reasons}.",), _facts(data)
        )
    sentences = (_own_domain(summary.own_dice, data.interval_level), _shift(summary), _measure(data))
    return Headline(tuple(sentence for sentence in sentences if sentence), _facts(data))


def _own_domain(own: Interval, level: float) -> str:
    ends = interval(own.low, own.high, 3)
    told = number(own.median, 3) + (f" ({level:.0%} interval over structures: {ends})" if ends else "")
    return f"In its own domain the median network reaches Dice {told} on structures it has never seen."


def _shift(summary: Summary) -> str:
    away = summary.away("dice")
    if away.empty:
        return "It was tested in no other domain, so nothing is said about shifts."
    if summary.axis.setting is None:
        return _worst_pair(away)
    pooled = loss_by_distance(away, summary.axis)
    wrong = loss_by_distance(summary.away("pixel_error"), summary.axis)
    return f"{_basin(pooled, away, summary.axis)}; {_farthest(pooled, wrong, summary.axis)}."


def _worst_pair(away: pd.DataFrame) -> str:
    worst = away.iloc[int(away["median"].argmax())]
    names = f"trained on “{typographic(worst['train_id'])}”, tested on “{typographic(worst['test_id'])}”"
    return (
        f"Over all other domains the median loss of Dice is {number(away['median'].median(), 3)}; "
        f"the worst pair ({names}) loses {number(worst['median'], 3)}."
    )


def _basin(pooled: pd.DataFrame, away: pd.DataFrame, axis: DomainAxis) -> str:
    reach, farthest, nearest = basin_reach(pooled), pooled["distance"].max(), pooled.iloc[0]
    what = axis.setting.words if axis.setting else ""
    if reach == 0:
        smallest = f"{axis.in_words(nearest['distance'])} of {what}"
        return f"Already the smallest shift tested, {smallest}, costs {number(nearest['median'], 3)} of it"
    within = f"It stays within {TOLERANCE:g} of that"
    if reach == farthest:
        return f"{within} at every shift of {what} that was tested"
    each = [basin_reach(loss_by_distance(rows, axis)) for _, rows in away.groupby("train_id")]
    spread = f" ({axis.in_words(min(each))} to {axis.in_words(max(each))}, depending on the training domain)"
    told = spread if min(each) < max(each) else ""
    return f"{within} up to a shift of {axis.in_words(reach)} in {what}{told}"


def _farthest(pooled: pd.DataFrame, wrong: pd.DataFrame, axis: DomainAxis) -> str:
    last = pooled.iloc[int(pooled["distance"].argmax())]
    error = float(wrong["median"].iloc[int(wrong["distance"].argmax())])
    lost = "has lost" if last["median"] >= 0 else "has gained"
    where = f"at the largest shift, {axis.in_words(last['distance'])}, it"
    return f"{where} {lost} {number(abs(last['median']), 2)} Dice (pixel error {signed(error, 3)})"


def _measure(data: ReportData) -> str:
    ours, baseline = _rank(data.correlations, "sigma"), _rank(data.correlations, "abs_delta_defocus_nm")
    if not ours:
        overlaps = data.information["sigma"].to_numpy(np.float32)
        alike = len(overlaps) > 1 and bool((overlaps == overlaps[0]).all())
        return (
            "Our overlap σ is the same for all pairs of domains: to the transfer this is no shift."
            if alike
            else ""
        )
    told = f"Over all pairs of domains our overlap σ ranks the losses with Spearman’s ρ = {ours}"
    told = f"{told}, the plain difference of defocus with {baseline}." if baseline else f"{told}."
    return told + _doubt(data.correlations)


def _doubt(correlations: pd.DataFrame) -> str:
    """Says so where the interval of σ holds zero."""
    wanted = {"measure": "sigma", "metric": "pixel_error", "scope": "overall", "statistic": "spearman"}
    rows = correlations.loc[(correlations[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    holds_zero = ((rows["low"] <= 0) & (rows["high"] >= 0)).any()
    return (
        " Zero lies within the interval of σ: this study shows no relation of σ to the losses."
        if holds_zero
        else ""
    )


def _rank(correlations: pd.DataFrame, measure: str) -> str:
    """ρ of a measure over all pairs with the loss in pixel error, and its interval; empty where unknown."""
    value, ends = told_coefficient(correlations, measure, "pixel_error", "overall", "spearman")
    return f"{value} ({ends})" if ends else value


def _facts(data: ReportData) -> tuple[tuple[str, str], ...]:
    scores, images = data.every, len(data.scores) if data.means is None else int(data.means["n_images"].sum())
    whole = f"{scores['network_id'].nunique():,} of {data.planned_networks:,}"
    counts = (
        (scores["train_id"].nunique(), "training domain", "training domains"),
        (scores["test_id"].nunique(), "test domain", "test domains"),
        (data.scores["structure_id"].nunique(), "unseen structure", "unseen structures"),
        (images, "image scored", "images scored"),
        (len(data.failures), "task failed", "tasks failed"),
    )
    facts = tuple((f"{n:,}", one if n == 1 else many) for n, one, many in counts)
    return (whole, "networks trained and tested"), *facts
