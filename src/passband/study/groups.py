"""Which networks are one task: some of one domain, so that they share its images; few enough to spread the work."""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil
from typing import Final

from passband.study.plan import NetworkPlan

MOST_MEMBERS: Final = 8
"""Networks of one task: at 5 to 15 s each, a task takes a minute or two."""
TASKS_PER_WORKER: Final = 8
"""At least so many tasks for each worker, as long as there are networks: at the end all stop at about the same time."""


def grouped(plans: Sequence[NetworkPlan], workers: int) -> list[tuple[NetworkPlan, ...]]:
    """The networks as groups of one series and one training domain each.

    Series come one after the other, so that the workers keep the test images of one series; inside a series the
    domains take turns. No domain waits for a second group before all others had their first.
    """
    most = max(1, min(MOST_MEMBERS, len(plans) // (TASKS_PER_WORKER * workers)))
    by_domain: defaultdict[tuple[str, str], list[NetworkPlan]] = defaultdict(list)
    for plan in plans:
        by_domain[plan.member.series, plan.domain].append(plan)
    groups: defaultdict[str, list[tuple[int, int, tuple[NetworkPlan, ...]]]] = defaultdict(list)
    for order, ((series, _), own) in enumerate(by_domain.items()):
        size = ceil(len(own) / ceil(len(own) / most))  # groups of about one size
        for turn, first in enumerate(range(0, len(own), size)):
            groups[series].append((turn, order, tuple(own[first : first + size])))
    return [
        group for several in groups.values() for _, _, group in sorted(several, key=lambda each: each[:2])
    ]
