"""The named studies. Each is a function that returns data; `passband studies --show NAME` prints it as YAML."""

from collections.abc import Callable

from passband.study.catalogue.axes import (
    breadth,
    dose,
    imaging,
    imaging_judge,
    imaging_wide,
    mixtures,
    paper_scale,
    particles_judge,
    particles_wide,
    side,
    structure,
    thickness,
)
from passband.study.catalogue.defocus import defocus, demo, published_defocus
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
    "imaging-judge": imaging_judge,
    "particles-wide": particles_wide,
    "particles-judge": particles_judge,
    "paper-scale": paper_scale,
    "published-defocus": published_defocus,
}
