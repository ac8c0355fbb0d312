"""What may be said of prediction, in words: from the plain data of `analysis.json` and from nothing else."""

from collections.abc import Mapping, Sequence
from math import nan
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from passband.report.wording import interval, listed, number, typographic
from passband.shift.contests import APART

if TYPE_CHECKING:
    from pandas import DataFrame

STRANGE: Final = 0.95
"""Strangeness from which on a pair is called unlike what models were fitted on."""
CONTESTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "physics": "From physics alone: no image of the test domain",
        "unlabelled": "With unlabelled images: the Dice of the network that is shown them",
    }
)
"""The contests and their titles."""
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "median": "a constant, the median",
        "measures, settings and textures": "our measures, settings and textures",
        "measures": "our measures alone",
        "measures and confidence": "our measures, the network’s confidence and the labelled part",
        "parameters": "trees on the settings of both domains",
        "parameters (smooth)": "the settings, smoothly",
        "parameters and confidence": "trees on settings and confidence",
        "parameters and confidence (smooth)": "settings and confidence, smoothly",
        "confidence": "trees on confidence and its change",
        "confidence (smooth)": "confidence and its change, smoothly",
        "confidence (smooth), then settings": "confidence, then the settings",
        "confidence and labelled part (smooth)": "confidence and the labelled part, smoothly",
        "confidence and labelled part (smooth), then settings": "confidence and labelled part, then the settings",
        "labelled_fraction_gained": "how much more is labelled",
        "band_classifier_dice": "classifier of textures, no network",
        "discriminant_dice": "discriminant of textures, by formula",
        "abs_delta_defocus_nm": "|Δdefocus|",
        "abs_delta_abs_defocus_nm": "||defocus| − |defocus′||",
        "parameter_distance": "distance of the settings",
        "sigma_radial": "overlap σ",
        "sigma_area": "overlap σ, by area",
        "sigma_specimen": "overlap σ, by specimen",
        "sigma_signed_radial": "signed overlap σ±",
        "coverage_radial": "directed coverage",
        "transfer_l2": "distance of T",
        "transfer_cosine": "cosine of T",
        "power_spectrum_distance": "power-spectrum distance",
        "ring_correlation": "Fourier ring correlation",
        "frechet_distance": "Fréchet distance of features",
        "maximum_mean_discrepancy": "MMD of features",
        "sliced_wasserstein": "sliced Wasserstein of features",
        "subspace_distance": "angles of feature subspaces",
        "kernel_alignment": "alignment of features",
        "soft_dice_confidence": "soft-Dice confidence",
        "difference_of_confidences": "difference of confidences",
        "network_agreement": "agreement of two networks",
    }
)


def predictor_words(name: str) -> str:
    """A predictor in words; an unknown one keeps its name."""
    return _WORDS.get(name, name.replace("_", " "))


def contest_of(told: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], bool]:
    """A contest in the data of a series, and whether its models were frozen on another study."""
    frozen = "frozen" in told
    inner = told["frozen"] if frozen else told
    return (inner if name == "physics" else inner[name]), frozen


def contest_sentence(contest: Mapping[str, Any], frozen: bool) -> str:
    """What a contest came to, in two or three sentences, or why nothing is said."""
    if contest["refused"] is not None:
        return f"Nothing is said here: {contest['refused']}."
    case = (
        "on domains of another study than the one it was fitted on"
        if frozen
        else "with both domains left out"
    )
    ends = contest["mae_interval"]
    own = f"{number(contest['mae_both_out'], 3)}" + (f" ({interval(ends[0], ends[1], 3)})" if ends else "")
    best, other = predictor_words(contest["best_baseline"]), number(contest["best_baseline_mae"], 3)
    ours = _capital(predictor_words(contest["primary"]))
    return (
        f"{ours} foretell Dice {case} to {own} on average; the best baseline, {best}, to {other}, a constant to "
        f"{number(contest['mae_of_constant'], 3)}. {_difference(contest)}{_easier(contest)}{_band(contest)}"
    )


def _easier(contest: Mapping[str, Any]) -> str:
    if contest.get("mae_test_out") is None:
        return ""
    return (
        f" Where only the test domain is new ours come to {number(contest['mae_test_out'], 3)}, where only the "
        f"training domain is, to {number(contest['mae_train_out'], 3)}."
    )


def _difference(contest: Mapping[str, Any]) -> str:
    low, high = contest["mae_difference_interval"]
    told = f"(difference {number(contest['mae_difference'], 4)}, 90% interval {interval(low, high, 4)})"
    if low > 0:
        return f"Ours are better {told}."
    if high < 0:
        return f"The baseline is better {told}."
    return f"The two cannot be told apart {told}."


def _band(contest: Mapping[str, Any]) -> str:
    if contest["interval_half_width"] is None:
        return f" No interval is stated: {contest['interval_refused']}."
    told = f" A single new pair lies within ±{number(contest['interval_half_width'], 2)} in nine cases of ten"
    if contest["interval_coverage"] is None:
        return told + "."
    return (
        f"{told} ({number(100 * contest['interval_coverage'], 0)}% of those left out of the calibration did)."
    )


def simulation_sentence(contest: Mapping[str, Any]) -> str:
    """What direct simulation came to and how that is to be read; empty where it took no part."""
    found = [each for each in contest.get("predictors", ()) if each["name"] in APART]
    if not found:
        return ""
    told = "; ".join(map(_apart, sorted(found, key=lambda one: float(one["mae"]))))
    return (
        "Apart from these, the trained network may label images of other structures that are simulated under the test "
        f"domain’s imaging: {told}. In a simulated study that is the test itself on other structures, so it is a bound "
        "of what a model of the imaging can do, not a discovery."
    )


def _apart(one: Mapping[str, Any]) -> str:
    low, high = (nan if end is None else float(end) for end in one["mae_interval"])
    ends = interval(low, high, 3)
    told = f"{predictor_words(one['name'])} comes to {number(one['mae'], 3)}" + (f" ({ends})" if ends else "")
    less = one.get("mae_difference")
    if less is None:
        return told
    low, high = one["mae_difference_interval"]
    return f"{told}, {number(less, 3)} ({interval(low, high, 3)}) less than the best baseline"


def in_order(contest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The predictors of a contest, the best first; direct simulation, which stands apart, last."""
    return sorted(contest["predictors"], key=lambda one: (one["name"] in APART, float(one["mae"])))


def error_words(told: Mapping[str, Any], contests: Sequence[str]) -> list[str]:
    """Every predictor with its error, contest by contest, in the order of `in_order`."""
    return [
        f"{predictor_words(each['name'])} {number(each['mae'], 3)}"
        for name in contests
        for each in in_order(contest_of(told, name)[0])
    ]


def prediction_paragraphs(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(title, sentences) of every contest, then of what no prediction can pass."""
    contests = [(title, _contest_words(*contest_of(told, name))) for name, title in CONTESTS.items()]
    further = {
        "What any prediction is up against": " ".join(limit_sentences(told["limits"])),
        "To be noted": " ".join(f"{note[0].upper()}{note[1:]}." for note in told.get("notes", ())),
    }
    return [*contests, *((title, words) for title, words in further.items() if words)]


def _contest_words(contest: Mapping[str, Any], frozen: bool) -> str:
    return " ".join(filter(None, (contest_sentence(contest, frozen), simulation_sentence(contest))))


def limit_sentences(limits: Mapping[str, Any]) -> list[str]:
    """The noise ceiling, the asymmetry, and which measures go with performance at all."""
    lines = []
    if (ceiling := limits["noise_ceiling"]) is not None:
        lines.append(
            f"No prediction of the mean of a domain’s networks can do better than {number(ceiling['mae'], 3)} on "
            f"average, or than a rank correlation of {number(ceiling['spearman_within'], 2)} within a training domain: "
            "so far apart are its networks."
        )
    if (asymmetry := limits["asymmetry"]) is not None:
        explained = (
            ""
            if asymmetry["explained"] is None
            else (
                f"; of the measures, {predictor_words(asymmetry['best_measure'])} goes with "
                f"{number(100 * asymmetry['explained'], 0)}% of that (chosen afterwards)"
            )
        )
        lines.append(
            f"{number(100 * asymmetry['share'], 0)}% of what pairs lose depends on the direction "
            f"({asymmetry['domains']} domains in both roles){explained}."
        )
    mantel = limits["mantel"]
    if mantel:
        best = max(mantel, key=lambda name: abs(mantel[name]["spearman"]))
        clear = sum(each["p"] * len(mantel) <= 0.05 for each in mantel.values())
        lines.append(
            f"{clear} of {len(mantel)} measures go with the loss beyond chance (permuted domains, 5% over all of "
            f"them); most closely {predictor_words(best)}, with Spearman’s ρ = {number(mantel[best]['spearman'], 2)}."
        )
    return lines + [f"{_capital(reason)}." for reason in limits["refusals"]]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def foretelling_sentences(found: "DataFrame") -> list[str]:
    """What stands under a table of `shift.contests.foretold`: what to train on, how sure that is, where it is not."""
    width = number(found["half_width"].iloc[0])
    sentences = [
        f"In nine cases of ten the Dice of a new pair lies within ±{width} of what is foretold: so far off were pairs "
        "of the studies that models are fitted on, with both domains left out; with particles unlike theirs it is less "
        "sure. It is the Dice of simulated images with the structures of the run."
    ]
    if found["train_id"].nunique() > 1:
        best = found.loc[found.groupby("test_id", sort=False)["foretold"].idxmax()]
        words = [
            f"{row['train_id']} for {row['test_id']} ({number(row['foretold'])})"
            for row in best.to_dict("records")
        ]
        sentences.insert(0, f"Foretold best: trained on {listed([typographic(each) for each in words])}.")
    if (found["strangeness"] > STRANGE).any():
        sentences.append(
            "? unlike nearly all that models were fitted on: they tell little more than a mean there, and the interval "
            "may be too narrow."
        )
    return sentences
