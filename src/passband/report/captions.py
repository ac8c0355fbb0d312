"""What to see in each figure and how uncertain it is: the text under the figures."""

from passband.report.data import Examples, ReportData
from passband.report.look import MOST_PANELS
from passband.report.plots_examples import MOST_EXAMPLES
from passband.report.plots_measures import MOST_WITH_SPREAD
from passband.report.plots_performance import MOST_LINES, MOST_NUMBERED
from passband.report.plots_shift import widest
from passband.report.summary import TOLERANCE, Summary
from passband.report.wording import count, number
from passband.shift.matrix import is_in_blocks


def examples_caption(examples: Examples, n_domains: int) -> str:
    """Columns, rows, landmarks of the transfer curves."""
    shown = min(len(examples.domain_ids), MOST_EXAMPLES)
    return (
        f"Columns: {count(shown, 'condition')} of {n_domains}. Top: the transfer curve T(q) at the mean of "
        "the condition, within its envelope (grey); q in 1/Å below, in 1/nm above. Under each curve, in "
        "1/Å: its first zero (●) and its information limit (┊, where the envelope falls to e⁻²). Middle: "
        "the image as the network gets it; grey levels are stretched per image. Bottom: what the network "
        "found, with the outline of the ground truth, which is the same in every column. This is one "
        "structure and one network; the figures below say how it goes in general."
    )


def in_distribution_caption() -> str:
    """What a point, a mark and the bar are."""
    return (
        "Dice, and the pixel error: the share of wrong pixels. A point is one network: its mean over images "
        "of its own domain, made from structures that it has never seen. Marks tell learning rates; points "
        "of one mark are random starts. Bar: median. The vertical spread is that of training; what the "
        "choice of test structures adds is told by the interval in the headline."
    )


def matrix_caption(summary: Summary) -> str:
    """How to read the cells, and how far the networks of a cell are apart."""
    matrix = summary.matrix["dice"]
    told = (
        "Rows: training domain. Columns: test domain. Outlined: in-distribution cells. Light is good in both "
        "panels (the map of the pixel error is reversed). A cell is the median over its networks"
    )
    if is_in_blocks(matrix):
        told = (
            "Each tile is a block of domains, tested on each other only; its first training domain is named. "
            + told
        )
    if matrix["n_networks"].max() > 1:
        spread = matrix["upper_quartile"] - matrix["lower_quartile"]
        told += f"; the middle half of them is typically {number(spread.median(), 3)} and at most "
        told += f"{number(spread.max(), 3)} of Dice wide"
    if matrix["test_id"].nunique() > MOST_NUMBERED[0] or matrix["train_id"].nunique() > MOST_NUMBERED[1]:
        told += ". There are too many cells for numbers; they follow from the scores in the run folder"
    return told + "."


def profile_caption(summary: Summary, metric: str, level: float) -> str:
    """What the line, the bands and the bars are."""
    profile, axis = summary.profile[metric], summary.axis
    half = widest(profile)
    told = "Zero is the performance in the own domain (dashed line); positive is worse. "
    told += "Points: median network. Bands: the middle half of the networks, and all of them. "
    if half == half:
        told += f"Black bars: {level:.0%} bootstrap interval of the median over test structures (at most "
        told += f"±{number(half, 3)}). "
    if metric == "dice":
        told += f"Dotted line: the tolerance of the flat basin, {TOLERANCE:g} Dice. "
    if axis.setting is None:
        told += "The domains differ in more than one setting, so they stand side by side. "
    elif profile["train_id"].nunique() > 1:
        told += "Last panel: all pairs by the size of their shift; the hatched band is their middle half. "
    n = profile["train_id"].nunique()
    return told + (f"Shown are {MOST_PANELS} of {n} training domains." if n > MOST_PANELS else "")


def measures_caption(n_pairs: int) -> str:
    """How to read the scatter."""
    spread = "Lines: the middle half of the networks. " if n_pairs <= MOST_WITH_SPREAD else ""
    return (
        "A point is a training domain with another test domain, at the median over its networks; marks tell "
        f"the training domain. {spread}Overlaps run from large at the left to small at the right, so that "
        "right means far away in every panel. A measure that foretells the loss draws all points into one "
        "narrow rising band; where each mark rises by itself, it ranks within a training domain only."
    )


def correlations_caption(data: ReportData) -> str:
    """What is correlated, and what the intervals mean; with the warning that came with them."""
    notes = sorted({str(note) for note in data.correlations["note"].dropna() if note})
    warned = " Beware: " + "; ".join(notes) + "." if notes else ""
    return (
        f"Points: Spearman’s rank correlation over all pairs. Lines: {data.interval_level:.0%} intervals for "
        "other training domains, test domains and networks (of a crossed mean, or of blocks where domains are "
        "tested in blocks). Overlaps are counted with reversed sign, so that right always means that the "
        "measure foretells the loss. "
        f"Intervals that overlap widely do not tell measures apart.{warned}"
    )


def epsilon_caption(n_trained: int) -> str:
    """What the two panels show."""
    few = " With so few training domains it shows a tendency at most." if n_trained < 10 else ""
    return (
        "Left: ε of every domain, the share of the band that it transfers (defined at the end of the page). "
        "Right: against it, the Dice of the networks in their own domain; point: median, line: from the "
        f"worst network to the best.{few}"
    )


def predicted_caption() -> str:
    """What a point and the band are."""
    return (
        "A point is a pair of domains: the mean Dice of its networks, or with unlabelled images that of the network "
        "which is shown them, against what our first predictor says, fitted without either domain in any role. "
        "Grey: the conformal band, which a new pair leaves in one case of ten; "
        "it is missing where there are too few conditions to calibrate it."
    )


def errors_caption(level: float, with_simulation: bool) -> str:
    """What a bar and its line are; with_simulation: whether direct simulation is among them."""
    apart = " Hatched, below the line: what knows of direct simulation, a bound." if with_simulation else ""
    return (
        "Bars: mean over pairs, each predicted without its two domains; filled: ours. All see the Dice at home too. "
        f"Lines: {level:.0%} intervals for other domains. Overlapping lines do not tell whether two differ: they are "
        f"compared pair by pair, and the sentence above tells the outcome.{apart}"
    )


def history_caption() -> str:
    """What a line and the ring are."""
    return (
        "A line is one network, on held-out structures of its own domain; the ring marks the step that was "
        f"kept. At most {MOST_LINES} networks per learning rate and {MOST_PANELS + 1} training domains are "
        "drawn. Lines that still rise at the end say that the schedule was too short; lines that fall after "
        "the ring, too long."
    )
