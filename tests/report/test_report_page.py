"""The page: complete, self-contained, legible, the same for the same data."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from report_synthetic import Shape, failed_study, synthetic_study

from passband.errors import UserError
from passband.report.data import ReportData, empty_table
from passband.report.figures import report_figures
from passband.report.hero import plot_hero
from passband.report.look import WIDTH_IN, named_ticks, new_figure, rendered
from passband.report.plots_information import epsilon_of_domains, plot_epsilon
from passband.report.summary import summarise
from passband.report.write import write_report

ONE = Shape(train_defoci_nm=(-10,), test_defoci_nm=(-10,), learning_rates=(0.01,), starts=1, structures=3)
ALL = (
    *("examples", "in_distribution", "matrix", "gap_pixel_error", "gap_dice"),
    *("gap_measures", "correlations", "epsilon", "history"),
)


@pytest.fixture(scope="module")
def demo() -> ReportData:
    return synthetic_study(
        Shape(train_defoci_nm=(-10, 0, 10), test_defoci_nm=(-20, -10, 0, 10, 20), structures=6)
    )


@pytest.fixture(scope="module")
def written(demo: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(demo, tmp_path_factory.mktemp("demo") / "report")


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_loads_nothing_from_anywhere(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    tags = Tags(text).found
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in tags}
    sources = [attributes["src"] for _, attributes in tags if "src" in attributes]
    assert sources
    assert all(str(source).startswith("data:image/svg+xml;base64,") for source in sources)
    links = [str(attributes["href"]) for tag, attributes in tags if "href" in attributes]
    assert all(link.startswith(("#", "figures/")) for link in links)
    assert not re.search(r"https?://|@import|url\(", text)


def test_every_link_leads_somewhere_and_every_figure_has_a_text(written: Path) -> None:
    tags = Tags(written.read_text(encoding="utf-8")).found
    places = {attributes["id"] for _, attributes in tags if "id" in attributes}
    for _, attributes in tags:
        link = str(attributes.get("href", "#examples"))
        assert link[1:] in places if link.startswith("#") else (written.parent / link).is_file()
    texts = [attributes["alt"] for tag, attributes in tags if tag == "img"]
    assert len(texts) == len(ALL)
    assert all(texts)


def test_each_figure_lies_beside_the_page_in_both_forms_and_nothing_else_does(written: Path) -> None:
    files = {path.name for path in (written.parent / "figures").iterdir()}
    assert files == {f"{name}.{kind}" for name in (*ALL, "hero") for kind in ("svg", "png")}
    assert {path.name for path in written.parent.iterdir()} == {"figures", "index.html"}


def test_a_page_stays_below_five_megabytes(written: Path) -> None:
    assert written.stat().st_size < 5_000_000


def test_the_page_says_what_it_must(written: Path, demo: ReportData) -> None:
    text = written.read_text(encoding="utf-8")
    for words in (
        "Validated on simulation only",
        "mask preset “clean”",
        "Our CTF-based ε",
        "Networks per hour",
    ):
        assert words in text
    assert all(row in text for row in demo.deviations["published"])
    assert demo.study_yaml.splitlines()[0] in text
    assert "the paper" not in text.lower()


def test_what_users_write_is_text_and_never_markup(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    failures = failed_study().failures.assign(reason=evil)
    data = replace(failed_study(), title=evil, question=evil, study_yaml=evil, failures=failures)
    text = write_report(data, tmp_path).read_text(encoding="utf-8")
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 5


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    data = synthetic_study(ONE, examples=False)
    pages = [write_report(data, tmp_path / name) for name in ("a", "b")]
    first, second = ({path.name: path.read_bytes() for path in page.parent.rglob("*.*")} for page in pages)
    assert first == second


def test_the_users_own_plot_settings_change_nothing_and_are_left_alone(demo: ReportData) -> None:
    epsilon, own = epsilon_of_domains(demo.information), summarise(demo)
    assert own is not None
    plain = rendered(plot_epsilon(epsilon, own.own["dice"], own.axis), "svg")
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "svg.hashsalt": "other"}):
        assert rendered(plot_epsilon(epsilon, own.own["dice"], own.axis), "svg") == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_a_study_in_which_nothing_finished_still_has_its_page(tmp_path: Path) -> None:
    text = write_report(failed_study(), tmp_path).read_text(encoding="utf-8")
    assert "the loss became NaN at step 40" in text
    assert "<img" not in text


def test_long_lists_of_failures_are_cut_and_the_rest_is_counted(tmp_path: Path) -> None:
    data = failed_study()
    many = data.failures.loc[np.zeros(230, int)]
    text = write_report(replace(data, failures=many), tmp_path).read_text(encoding="utf-8")
    assert text.count("the loss became NaN at step 40") == 200
    assert "And 30 more" in text


def test_a_folder_that_cannot_be_written_is_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file in the way")
    with pytest.raises(UserError, match="report"):
        write_report(failed_study(), tmp_path / "report")


def several_settings(shape: Shape) -> ReportData:
    data = synthetic_study(shape, examples=False)
    return replace(data, domains=data.domains.assign(Cs_mm=np.arange(len(data.domains)) % 2 * 0.1))


STUDIES = {
    "a defocus series": synthetic_study,
    "one network": lambda: synthetic_study(ONE),
    "several settings": lambda: several_settings(Shape(train_defoci_nm=(-10, 0, 10), structures=3)),
    "many domains": lambda: synthetic_study(
        Shape(tuple(range(-12, 12)), tuple(range(-24, 24)), (0.01,), 1, 2), examples=False
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "many domains" else ()) for name in STUDIES]
)
def test_no_label_is_cut_off_and_no_two_labels_of_an_axis_overlap(name: str) -> None:
    data = STUDIES[name]()
    figures = {key: each.figure for key, each in report_figures(data, summarise(data)).items()}
    if data.examples is not None:
        figures["hero"] = plot_hero(data)
    for key, figure in figures.items():
        figure.draw_without_rendering()
        ticks = [labels for axes in figure.findobj(Axes) for labels in tick_labels(axes)]
        assert not [labels for labels in ticks if overlapping(labels)], key
        labels = [label for axes in figure.findobj(Axes) for label in axis_labels(axes)]
        assert not overlapping(labels), key
        others = set(figure.findobj(Text)) - {
            label for axes in figure.findobj(Axes) for label in all_labels(axes)
        }
        for text in [*others, *(label for labels in ticks for label in labels)]:
            assert is_inside(text, figure), (key, text.get_text())


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_numbers_that_stand_for_domains_have_room_in_narrow_panels(columns: int) -> None:
    figure = new_figure(WIDTH_IN, 2.5)
    for axes in figure.subplots(1, columns, squeeze=False).flat:
        named_ticks(axes, [f"#{number}" for number in range(1, 481)], 12 if columns == 3 else 20)
        axes.set_xlim(0, 479)
    figure.draw_without_rendering()
    assert not any(overlapping(labels) for axes in figure.axes for labels in tick_labels(axes))


@pytest.mark.parametrize(("most_open", "head"), [(5, "<details open>"), (4, "<details>")])
def test_a_long_key_to_the_domains_is_closed_at_first(
    most_open: int, head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passband.report.axis.LONGEST_NAME", 5)
    monkeypatch.setattr("passband.report.page.MOST_OPEN", most_open)
    data = several_settings(Shape((-10, 10), (-20, -10, 0, 10, 20), (0.01,), 1, 2))
    text = write_report(data, tmp_path).read_text(encoding="utf-8")
    assert f"{head}\n<summary>Key to the numbers" in text
    assert text.count("<li><b>#") == 5


def tick_labels(axes: Axes) -> list[list[Text]]:
    """The drawn labels of both axes: those of ticks beyond the limits exist, but are not drawn."""
    both = []
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        ticks = [tick for tick in axis.get_major_ticks() if min(limits) <= tick.get_loc() <= max(limits)]
        both.append(
            [label for tick in ticks for label in (tick.label1, tick.label2) if is_drawn(label, axes)]
        )
    return both


def axis_labels(axes: Axes) -> list[Text]:
    """The names of both axes and the titles of a panel."""
    texts = [axes.xaxis.label, axes.yaxis.label, *(axes.title, axes._left_title, axes._right_title)]
    return [text for text in texts if is_drawn(text, axes)]


def all_labels(axes: Axes) -> list[Text]:
    ticks = [*axes.xaxis.get_major_ticks(), *axes.yaxis.get_major_ticks()]
    ticks += [*axes.xaxis.get_minor_ticks(), *axes.yaxis.get_minor_ticks()]
    return [label for tick in ticks for label in (tick.label1, tick.label2)]


def is_drawn(label: Text, axes: Axes) -> bool:
    return bool(label.get_text()) and label.get_visible() and axes.get_visible()


def is_inside(text: Text, figure: Figure) -> bool:
    hidden = (
        not text.get_text()
        or not text.get_visible()
        or (text.axes is not None and not text.axes.get_visible())
    )
    box, page = text.get_window_extent(), figure.bbox.padded(1)
    return hidden or all(page.contains(x, y) for x, y in box.corners())


def overlapping(labels: list[Text]) -> bool:
    boxes = [label.get_window_extent().padded(-0.5) for label in labels]
    return any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_a_table_that_lacks_a_column_is_refused_by_name(demo: ReportData) -> None:
    with pytest.raises(ValueError, match=r"'scores' lacks the columns \['dice'\]"):
        replace(demo, scores=demo.scores.drop(columns="dice"))


def test_arrays_that_do_not_belong_together_are_refused(demo: ReportData) -> None:
    assert demo.examples is not None
    with pytest.raises(ValueError, match="images and probabilities"):
        replace(demo.examples, images=demo.examples.images[:-1])
    with pytest.raises(ValueError, match="transfer and envelope"):
        replace(demo.examples, envelope=demo.examples.envelope[:, :-1])


def test_empty_tables_leave_their_figures_out(demo: ReportData) -> None:
    bare = replace(
        demo, information=empty_table("information"), correlations=empty_table("correlations"), examples=None
    )
    names = set(report_figures(replace(bare, history=empty_table("history")), summarise(demo)))
    assert names == {"in_distribution", "matrix", "gap_pixel_error", "gap_dice"}
