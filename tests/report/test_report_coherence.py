"""The figure of quasi-coherent against explicitly averaged images."""

import pandas as pd
import pytest

from passband.report.axis import DomainAxis, domain_axis
from passband.report.look import rendered
from passband.report.plots_coherence import coherence_caption, coherence_summary, plot_coherence

DEFOCI = (-10.0, 0.0, 10.0)
TABLE = pd.DataFrame(
    {
        "domain_id": [f"{each:g} nm" for each in DEFOCI for _ in range(3)],
        "wave": [0, 1, 2] * 3,
        "source_points": 8,
        "source_error": 5e-5,
        "difference_percent": [2.0, 2.5, 3.0] * 3,
        "standardised_difference_percent": [1.0, 1.5, 4.0, 2.0, 2.25, 2.5, 1.0, 1.75, 2.0],
        "contrast_change_percent": [-0.1, -0.2, -0.9, 0.3, 0.2, 0.1, 0.0, 0.0, 0.1],
    }
)
DOMAINS = pd.DataFrame(
    {"domain_id": [f"{each:g} nm" for each in DEFOCI], "structures": "any", "defocus_nm": DEFOCI}
)


@pytest.mark.parametrize(
    "axis", [domain_axis(DOMAINS), DomainAxis({"0 nm": 0, "-10 nm": 1, "10 nm": 2}, None)]
)
def test_the_figure_shows_the_median_of_every_domain_in_its_order(axis: DomainAxis) -> None:
    figure = plot_coherence(TABLE, axis)
    left, right = figure.axes
    medians = TABLE.groupby("domain_id")["contrast_change_percent"].median()
    (shown,) = [line for line in right.lines if len(line.get_xdata()) == len(DEFOCI)]
    assert list(shown.get_ydata()) == [medians[name] for name in axis.order]
    assert left.get_ylim()[0] == 0
    assert rendered(figure, "png") == rendered(plot_coherence(TABLE, axis), "png")


def test_the_sentence_names_the_range_of_medians_and_the_largest_change() -> None:
    told = coherence_summary(TABLE)
    assert "1.50 to 2.25 %" in told
    assert told.endswith("by up to 0.90 %")


def test_the_caption_tells_the_error_of_the_source_where_it_can_be_seen() -> None:
    assert "3 structures" in coherence_caption(TABLE)
    assert "off by" not in coherence_caption(TABLE)
    rough = TABLE.assign(source_points=256, source_error=0.09)
    assert "Up to 256 points" in coherence_caption(rough)
    assert "off by up to 0.09" in coherence_caption(rough)
