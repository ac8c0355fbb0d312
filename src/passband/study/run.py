"""The driver: stages in their order, each a list of tasks; skip what is done, run the rest, keep the accounts.

Nothing here computes physics, and nothing here trusts a file: waves are verified before networks are trained on them,
and a damaged artefact is set aside and made again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import torch

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec, open_executor
from passband.execution.progress import StageProgress
from passband.execution.run import RunCount, run_tasks
from passband.execution.tasks import Executor, Outcome, Task
from passband.records import canonical_json
from passband.storage.arrays import are_intact
from passband.storage.atomic import write_text
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.tables import has_part, part_keys, save_table
from passband.study import tasks
from passband.study.domains import domain_table
from passband.study.load import study_yaml
from passband.study.plan import NetworkPlan, all_scenes, examples_id, information_id, network_plans
from passband.study.provenance import append_start
from passband.study.study import Study


@dataclass(frozen=True)
class RunOutcome:
    """What a start of a study has come to; ``changed`` where any task ran."""

    networks: int
    failed: int
    seconds: float
    changed: bool

    @property
    def sentence(self) -> str:
        """For the terminal."""
        failed = f", {self.failed} tasks failed (passband status says why)" if self.failed else ""
        return f"{self.networks} networks trained and tested{failed}; this start took {self.seconds:.0f} s"


def run_study(study: Study, root: Path, spec: ExecutorSpec) -> RunOutcome:
    """Run, or go on with, a study in a run folder; returns when every task is done or has failed.

    Raises UserError for a folder that is in use or something else, a full disk, or scenes that cannot be made;
    Interrupted after Ctrl-C or SIGTERM. Whatever was finished is kept.
    """
    torch.set_num_threads(1)  # as the workers have: with another number the last bits of a network differ
    folder = RunFolder.create(root)
    with folder.lock(), Ledger(folder.ledger) as ledger, ExitStack() as stack:
        write_text(folder.study, study_yaml(study))
        save_table(folder.conditions, domain_table(study))
        start = _Start(study, folder, ledger, _Workers(stack, spec, folder.logs))
        try:
            start.waves()
            start.networks()
            start.information()
            start.examples()
        finally:
            append_start(folder.provenance, study, spec.worker_count, start.wall_seconds)
    counts = start.counts.values()
    return RunOutcome(
        networks=start.counts["networks"].done,
        failed=sum(count.failed for count in counts),
        seconds=sum(start.wall_seconds.values()),
        changed=any(count.already < count.planned for count in counts),
    )


@dataclass
class _Workers:
    """Workers that are started when the first task asks for them, and serve all stages."""

    stack: ExitStack
    spec: ExecutorSpec
    logs: Path
    opened: Executor | None = None

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        waiting = list(tasks)
        if not waiting:
            return iter(())
        if self.opened is None:
            self.opened = self.stack.enter_context(open_executor(self.spec, self.logs))
        return self.opened.outcomes(waiting)


@dataclass
class _Start:
    """One start of a study in a folder that this process holds."""

    study: Study
    folder: RunFolder
    ledger: Ledger
    workers: _Workers
    wall_seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, RunCount] = field(default_factory=dict)

    def waves(self) -> None:
        """Every scene; all are verified when there is still a network to train on them."""
        planned = [
            self._task(s.scene_id, "waves", tasks.simulate, s.structures, s.split, s.index)
            for s in all_scenes(self.study)
        ]
        there = self.ledger.done_keys("networks") & set(part_keys(self.folder.scores))
        verify = any(plan.part_id not in there for plan in network_plans(self.study))
        self._carry_out("waves", "scenes", planned, lambda key: self._has_waves(key, verify))
        failures = self.ledger.failures("waves")
        if self.counts["waves"].failed and failures:
            raise UserError(
                f"{self.counts['waves'].failed} of {len(planned)} scenes could not be made, so nothing can be "
                f"trained; the first: {failures[0].reason}"
            )

    def networks(self) -> None:
        """Every network, trained and tested."""
        plans = {plan.part_id: plan for plan in network_plans(self.study)}
        planned = [self._training(plan) for plan in plans.values()]
        self._carry_out("networks", "networks", planned, lambda key: self._has_scores(plans[key]))

    def information(self) -> None:
        """The table of measures of every pair of domains."""
        task = self._task(information_id(self.study), "information", tasks.measure)
        self._carry_out("information", "tables", [task], lambda _: has_part(self.folder.root, "information"))

    def examples(self) -> None:
        """Images and predictions for the report, from networks that are there."""
        done = self.ledger.done_keys("networks")
        finished = [plan for plan in network_plans(self.study) if plan.part_id in done]
        if not finished:
            return
        shown = tuple(plan.part_id for plan in finished)
        task = self._task(examples_id(self.study, shown), "examples", tasks.show, shown)
        self._carry_out("examples", "sets", [task], lambda _: are_intact(self.folder.examples))

    def _training(self, plan: NetworkPlan) -> Task:
        varied = (plan.domain, plan.card.training.learning_rate, plan.card.seed)
        return self._task(plan.part_id, "networks", tasks.train_and_score, *varied)

    def _task(
        self, key: str, stage: str, function: Callable[..., dict[str, object]], *arguments: object
    ) -> Task:
        return Task(key, stage, function, (str(self.folder.root), canonical_json(self.study), *arguments))

    def _carry_out(
        self, stage: str, unit: str, planned: Sequence[Task], there: Callable[[str], bool]
    ) -> None:
        """Run the tasks of a stage; one that was done, but whose artefact is not there any more, runs again."""
        started = perf_counter()
        done = self.ledger.done_keys(stage)
        self.ledger.forget([task.key for task in planned if task.key in done and not there(task.key)])
        watcher = StageProgress(stage, unit)
        self.counts[stage] = run_tasks(planned, self.workers, self.ledger, watcher)
        self.wall_seconds[stage] = perf_counter() - started

    def _has_waves(self, scene_id: str, verify: bool) -> bool:
        path = self.folder.scene(scene_id)
        if not path.exists():
            return False
        if verify and not are_intact(path):
            self.folder.set_aside(path)
            return False
        return True

    def _has_scores(self, plan: NetworkPlan) -> bool:
        tables = ((self.folder.scores, plan.part_id), (self.folder.networks_table, plan.network_id))
        for table, key in tables:
            part = table / f"{key}.parquet"
            if part.exists() and not has_part(table, key):
                self.folder.set_aside(part)
        return all((table / f"{key}.parquet").exists() for table, key in tables)
