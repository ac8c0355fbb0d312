"""The convergence study of one scene: one choice after another is made finer, the others stay as the user has them.

Where the user has frozen phonons, pixels, slices and stored band are probed on one configuration: before it is divided
by the contrast, the error of a mean image is at most the mean of theirs. Of N configurations with a standard deviation
s from one to the next, the mean has the standard error s/√N; Debye-Waller factors are held against that mean, and the
square of its standard error is taken off the square of the difference.
"""

from collections.abc import Callable

from passband.accuracy.axes import axes_of, together_of
from passband.accuracy.deviation import contrast
from passband.accuracy.plan import plan
from passband.accuracy.result import Check
from passband.accuracy.run import Own, Result, Run, Specimen
from passband.accuracy.trials import Topic, Trial

Watcher = Callable[[str, float, float], None]
"""Is told what is being done, the seconds of work done so far, and those of all of it (roughly)."""


def check(specimen: Specimen, own: Own, budget_s: float, watcher: Watcher = lambda *_: None) -> Check:
    """What each choice costs, within so many CPU seconds more, roughly; own: from `simulated`, at the same settings."""
    run = Run(specimen, own)
    planned = plan(run.situation(), budget_s)
    done_s = 0.0
    results: dict[Topic, list[Result]] = {}
    for trial in planned.trials:
        watcher(_words(trial), done_s, planned.seconds)
        results.setdefault(trial.topic, []).append(run.result(trial))
        done_s += trial.seconds
    watcher("done", done_s, planned.seconds)
    together = together_of(run, results["together"][0]) if "together" in results else None
    found = axes_of(run, results)
    return Check(found, together, planned.left_out, contrast(own.image), own.seconds)


def _words(trial: Trial) -> str:
    """What is being done, for the progress bar."""
    return {
        "sampling_A": f"pixels of {trial.spec.sampling_A:.3g} Å",
        "slice_thickness_A": f"slices of {trial.spec.slice_thickness_A:.3g} Å",
        "frozen_phonons": f"{trial.spec.frozen_phonons or 'no'} frozen phonons",
        "field_nm": f"a field {trial.times_wider:g} times as wide",
        "together": "pixels and slices together",
    }[trial.topic]
