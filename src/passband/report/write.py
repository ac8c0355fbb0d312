"""Writing the report: figures first, the page last, each in one step.

A reader never sees half a file, and a page that exists always has its figures.
"""

from pathlib import Path

from matplotlib.figure import Figure

from passband.report.data import ReportData
from passband.report.figures import ReportFigure, report_figures
from passband.report.headline import headline
from passband.report.hero import plot_hero
from passband.report.look import WIDTH_IN, rendered
from passband.report.page import FigureOnPage, page
from passband.report.summary import summarise
from passband.storage.atomic import write_bytes, write_text


def write_report(data: ReportData, folder: Path) -> Path:
    """Write ``figures/*.svg|png``, then ``index.html``, into the folder; return the path of the page.

    The page holds everything inside itself and works offline; equal data give equal bytes. Raises UserError
    when the disk does not take the files.
    """
    figures, summary = folder / "figures", summarise(data)
    on_page = {name: _written(each, figures) for name, each in report_figures(data, summary).items()}
    if data.examples is not None and summary is not None:
        _draw(plot_hero(data), figures / "hero")
    index = folder / "index.html"
    write_text(index, page(data, headline(data, summary), on_page))
    return index


def _written(each: ReportFigure, figures: Path) -> FigureOnPage:
    svg = _draw(each.figure, figures / each.name)
    width = min(1.0, float(each.figure.get_figwidth()) / WIDTH_IN)
    return FigureOnPage(svg=svg, lead=each.lead, caption=each.caption, alt=each.alt, width=width)


def _draw(figure: Figure, path: Path) -> bytes:
    """Write a figure as .png and .svg; return the SVG. Its panels are laid out once, for both."""
    write_bytes(path.with_suffix(".png"), rendered(figure, "png"))
    figure.set_layout_engine("none")
    svg = rendered(figure, "svg")
    write_bytes(path.with_suffix(".svg"), svg)
    return svg
