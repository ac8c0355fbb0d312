"""The figures of the page, each with its words. A figure without data is left out, not drawn empty."""

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from passband.report import captions
from passband.report.axis import domain_axis
from passband.report.data import ReportData
from passband.report.measures import overall_spearman, shown_measures
from passband.report.plots_coherence import coherence_caption, coherence_summary, plot_coherence
from passband.report.plots_examples import example_summary, plot_examples
from passband.report.plots_information import epsilon_of_domains, plot_epsilon
from passband.report.plots_measures import plot_correlations, plot_gap_against_measures
from passband.report.plots_performance import history_column, plot_history, plot_in_distribution, plot_matrix
from passband.report.plots_prediction import plot_errors, plot_predicted, told_contests
from passband.report.plots_shift import plot_gap_profile
from passband.report.prediction import contest_of, contest_sentence, error_words, simulation_sentence
from passband.report.summary import Summary
from passband.report.wording import count, number, signed, typographic


@dataclass(frozen=True)
class ReportFigure:
    """A figure and its words.

    name: of its files, without suffix; lead: its title; caption: what to see and how uncertain it is;
    alt: what it shows, for those who cannot see it.
    """

    name: str
    figure: Figure
    lead: str
    caption: str
    alt: str


def report_figures(data: ReportData, summary: Summary | None) -> dict[str, ReportFigure]:
    """All figures that the data can fill, by name, in the order of the page."""
    figures = [*_examples(data), *_coherence(data)]
    if summary is not None:
        for group in (_in_distribution, _matrix, _profiles, _measures, _correlations, _epsilon, _history):
            figures += group(data, summary)
        figures += _prediction(data)
    return {each.name: each for each in figures}


def _examples(data: ReportData) -> Iterator[ReportFigure]:
    if data.examples is None:
        return
    axis, examples = domain_axis(data.domains), data.examples
    yield ReportFigure(
        "examples",
        plot_examples(examples, axis),
        f"A structure never seen in training ({examples.structure_id}), and what a network trained on "
        f"“{typographic(examples.train_id)}” makes of it.",
        captions.examples_caption(examples, len(data.domains)),
        f"Images, transfer curves and predictions. {example_summary(examples, axis)}.",
    )


def _coherence(data: ReportData) -> Iterator[ReportFigure]:
    if data.coherence is not None:
        yield ReportFigure(
            "coherence",
            plot_coherence(data.coherence, domain_axis(data.domains)),
            "Partial coherence reckoned in two ways.",
            coherence_caption(data.coherence),
            f"{coherence_summary(data.coherence)}.",
        )


def _in_distribution(data: ReportData, summary: Summary) -> Iterator[ReportFigure]:
    own = summary.own["dice"]
    medians = own.groupby("train_id")["value"].median()
    each = [
        f"{typographic(name)}: {number(medians[name], 3)}" for name in summary.axis.ordered(medians.index)
    ]
    yield ReportFigure(
        "in_distribution",
        plot_in_distribution(summary.own, data.networks, summary.axis),
        f"{count(len(own), 'network')} at home: performance in the domain of training.",
        captions.in_distribution_caption(),
        "Median Dice in the own domain. " + "; ".join(each[:20]) + ".",
    )


def _matrix(data: ReportData, summary: Summary) -> Iterator[ReportFigure]:
    values = summary.matrix["dice"]["median"]
    yield ReportFigure(
        "matrix",
        plot_matrix(summary.matrix, summary.axis),
        "Every training domain on every test domain.",
        captions.matrix_caption(summary),
        f"Matrix of median Dice, from {number(values.min())} to {number(values.max())}.",
    )


def _profiles(data: ReportData, summary: Summary) -> Iterator[ReportFigure]:
    for metric, words in (("pixel_error", "pixel error"), ("dice", "Dice")):
        away = summary.away(metric)["median"]
        if len(away):
            yield ReportFigure(
                f"gap_{metric}",
                plot_gap_profile(summary.profile[metric], metric, summary.axis),
                f"What a shift costs in {words}.",
                captions.profile_caption(summary, metric, data.interval_level),
                f"Loss in {words}: over all pairs the median is {signed(away.median(), 3)}, the largest "
                f"{signed(away.max(), 3)}.",
            )


def _measures(data: ReportData, summary: Summary) -> Iterator[ReportFigure]:
    losses = summary.away("pixel_error").merge(data.information, on=["train_id", "test_id"], how="inner")
    measures = shown_measures(losses)
    if measures:
        yield ReportFigure(
            "gap_measures",
            plot_gap_against_measures(losses, summary.axis),
            "The loss against σ, and against the other measures and plain baselines.",
            captions.measures_caption(len(losses)),
            f"Loss in pixel error of {count(len(losses), 'pair')} against {count(len(measures), 'measure')}.",
        )


def _correlations(data: ReportData, summary: Summary) -> Iterator[ReportFigure]:
    known = overall_spearman(data.correlations)
    if len(known):
        best = known.iloc[int(known["value"].abs().argmax())]
        yield ReportFigure(
            "correlations",
            plot_correlations(data.correlations),
            "How well each measure ranks the losses.",
            captions.correlations_caption(data),
            f"Rank correlations; the strongest is {best['measure']} with {number(best['value'])}.",
        )


def _epsilon(data: ReportData, summary: Summary) -> Iterator[ReportFigure]:
    if len(data.information):
        epsilon, own = epsilon_of_domains(data.information), summary.own["dice"]
        yield ReportFigure(
            "epsilon",
            plot_epsilon(epsilon, own, summary.axis),
            "Our CTF-based ε over the conditions.",
            captions.epsilon_caption(own["train_id"].nunique()),
            f"ε runs from {number(epsilon.min())} to {number(epsilon.max())} over "
            f"{count(len(epsilon), 'domain')}.",
        )


def _prediction(data: ReportData) -> Iterator[ReportFigure]:
    if data.prediction is None or data.predictions is None:
        return
    contests = told_contests(data.prediction)
    if not contests:
        return
    yield ReportFigure(
        "prediction_pairs",
        plot_predicted(data.predictions, contests),
        "Predicted and reached.",
        captions.predicted_caption(),
        " ".join(contest_sentence(*contest_of(data.prediction, name)) for name in contests),
    )
    with_simulation = any(simulation_sentence(contest_of(data.prediction, name)[0]) for name in contests)
    yield ReportFigure(
        "prediction_errors",
        plot_errors(data.prediction, contests),
        "How far off everybody is.",
        captions.errors_caption(data.interval_level, with_simulation),
        "Mean absolute errors of Dice: " + "; ".join(error_words(data.prediction, contests)) + ".",
    )


def _history(data: ReportData, summary: Summary) -> Iterator[ReportFigure]:
    column = history_column(data.history)
    known = data.networks["network_id"].isin(data.history["network_id"])
    if column is not None and known.any():
        yield ReportFigure(
            "history",
            plot_history(data.history, data.networks, summary.axis),
            "Training histories.",
            captions.history_caption(),
            f"Curves of {column.replace('_', ' ')} of {count(int(known.sum()), 'network')}.",
        )
