"""The named studies. Each is a function that returns data; `passband studies --show NAME` prints it as YAML."""

from collections.abc import Callable

from passband.study.catalogue.axes import (
    breadth,
    dose,
    mixtures,
    paper_scale,
    side,
    structure,
    thickness,
)
from passband.study.catalogue.defocus import defocus, demo, published_defocus
from passband.study.catalogue.prediction import (
    imaging,
    imaging_appeal,
    imaging_draws,
    imaging_judge,
    imaging_retrial,
    imaging_review,
    imaging_wide,
    particles_judge,
    particles_wide,
)
from passband.study.study import Study

__all__ = ["CATALOGUE", "defocus", "demo", "paper_scale", "published_defocus"]

CATALOGUE: dict[str, Callable[[], Study]] = {
    "demo": demo,
    "defocus": defocus,
    "dose": dose,
    "structure": structure,
    "thickness": thickness,
    "mixtures": mixtures,
    "breadth": breadth,
    "side": side,
    "imaging": imaging,
    "imaging-wide": imaging_wide,
    "imaging-draws": imaging_draws,
    "imaging-judge": imaging_judge,
    "imaging-retrial": imaging_retrial,
    "imaging-appeal": imaging_appeal,
    "imaging-review": imaging_review,
    "particles-wide": particles_wide,
    "particles-judge": particles_judge,
    "paper-scale": paper_scale,
    "published-defocus": published_defocus,
}
