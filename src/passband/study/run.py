"""The driver: stages in their order, each a list of tasks; skip what is done, run the rest, keep the accounts.

Nothing here computes physics, and nothing here trusts a file: waves are verified before networks are trained on them,
and a damaged artefact is set aside and made again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import perf_counter

import torch

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec, open_executor
from passband.execution.heartbeat import heartbeat
from passband.execution.interruption import interruptible
from passband.execution.progress import StageProgress
from passband.execution.run import NOTHING, Journal, RunCount, run_tasks
from passband.execution.tasks import Executor, Outcome, Task
from passband.records import canonical_json, content_id
from passband.storage.arrays import are_intact
from passband.storage.atomic import write_text
from passband.storage.documents import is_sealed_json
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.sealed_table import is_intact_table
from passband.storage.tables import has_part, save_table
from passband.study import prediction_tasks, tasks
from passband.study.accounts import PackingJournal, finished_parts, settle_tables
from passband.study.domains import domain_table
from passband.study.driver_note import DriverNote, write_note
from passband.study.groups import grouped
from passband.study.load import study_yaml
from passband.study.plan import (
    NetworkPlan,
    Scene,
    all_scenes,
    coherence_id,
    examples_id,
    in_part,
    information_id,
    network_plans,
)
from passband.study.prediction_plan import analysis_id, bands_id, contested, evidence_id, measures_id
from passband.study.provenance import append_start
from passband.study.results import finished_plans
from passband.study.study import MAIN, Study


@dataclass(frozen=True)
class RunOptions:
    """part: (i, n), the i-th of n parts of the study's networks, counted from 1; the whole study without it.

    retry_failed: whether networks that failed in an earlier start are tried again. beside: ids of networks that are
    elsewhere already and left out here; not even an empty set makes a start one of a whole study, None does. so_far: no
    network is trained; what follows is made from those that are there. measures_only: nothing but the waves of
    training structures and the table of measures.
    """

    part: tuple[int, int] | None = None
    retry_failed: bool = False
    beside: frozenset[str] | None = None
    so_far: bool = False
    measures_only: bool = False

    def __post_init__(self) -> None:
        if self.so_far and (self.is_partial or self.retry_failed):
            raise UserError("--so-far trains no network; leave out --part, --beside and --retry-failed")

    @property
    def is_partial(self) -> bool:
        """Whether networks are left to other runs, so that nothing can be said of the study as a whole."""
        return self.part is not None or self.beside is not None


def parsed_part(text: str) -> tuple[int, int]:
    """The part "i/n" as two numbers. Raises UserError for anything else."""
    i, _, n = text.partition("/")
    if not (i.isdigit() and n.isdigit() and 1 <= int(i) <= int(n)):
        raise UserError(f"--part {text}: give i/n, the i-th of n parts, such as 1/4 … 4/4")
    return int(i), int(n)


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
        failed = f", {self.failed} failed (passband status says why, --retry-failed tries again)"
        told = failed if self.failed else ""
        return f"{self.networks} networks trained and tested{told}; this start took {self.seconds:.0f} s"


def run_study(study: Study, root: Path, spec: ExecutorSpec, options: RunOptions = RunOptions()) -> RunOutcome:
    """Run, or go on with, a study in a run folder; returns when every task is done or has failed.

    Raises UserError for a folder that is in use or something else, a full disk, or scenes that cannot be made;
    Interrupted after Ctrl-C, SIGTERM or `passband stop`. Whatever was finished is kept.
    """
    torch.set_num_threads(1)  # as the workers have: with another number the last bits of a network differ
    folder = RunFolder.create(root)
    with interruptible(), folder.lock(), Ledger(folder.ledger) as ledger, ExitStack() as stack:
        write_text(folder.study, study_yaml(study))
        save_table(folder.conditions, domain_table(study))
        start = _Start(study, folder, ledger, _Workers(stack, spec, folder.logs), options)
        stack.enter_context(heartbeat(start.note, folder.stop_request.exists))
        try:
            start.run()
        finally:
            append_start(folder.provenance, study, spec.worker_count, start.wall_seconds)
    counts = start.counts.values()
    return RunOutcome(
        networks=start.counts["networks"].done if "networks" in start.counts else 0,
        failed=sum(count.failed for count in counts),
        seconds=sum(start.wall_seconds.values()),
        changed=start.workers.asked,
    )


@dataclass
class _Workers:
    """Workers that are started when the first task asks for them, and serve all stages."""

    stack: ExitStack
    spec: ExecutorSpec
    logs: Path
    opened: Executor | None = None
    asked: bool = False

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        waiting = list(tasks)
        if not waiting:
            return iter(())
        self.asked = True
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
    options: RunOptions
    wall_seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, RunCount] = field(default_factory=dict)
    watcher: StageProgress | None = None

    @cached_property
    def plans(self) -> tuple[NetworkPlan, ...]:
        """The networks of this start."""
        every = network_plans(self.study)
        if self.options.so_far and not (every := finished_plans(self.folder, every)):
            raise UserError(
                f"{self.folder.root}: no network of the study is there, so there is nothing to look at"
            )
        part, beside = self.options.part, self.options.beside or frozenset()
        return tuple(
            plan
            for plan in every
            if plan.network_id not in beside and (part is None or in_part(plan.network_id, *part))
        )

    def run(self) -> None:
        """All stages; a part of a study ends with its networks, since the rest is made once for all of them."""
        if self.options.measures_only:
            self.waves(verify=True)
            self.measures()
            return
        settle_tables(self.folder)
        finished = finished_parts(self.folder, self.plans)
        self.waves(verify=len(finished) < len(self.plans))
        self.networks(finished)
        if not self.options.is_partial:
            self.information()
            self.examples()
            self.coherence()
            self.prediction()

    def note(self) -> None:
        """How far this start is, for `passband status` elsewhere."""
        count = None if self.watcher is None else self.watcher.count
        write_note(self.folder.driver, DriverNote.of(self._study_id, self.options.part, count))

    def waves(self, verify: bool) -> None:
        """Every scene that the networks need; all are verified when there is still a network to train on them."""
        planned = [
            self._task(s.scene_id, "waves", tasks.simulate, s.structures, s.split, s.index)
            for s in self._scenes()
        ]
        self._carry_out("waves", "scenes", planned, lambda key: self._has_waves(key, verify))
        failures = self.ledger.failures("waves")
        if self.counts["waves"].failed and failures:
            raise UserError(
                f"{self.counts['waves'].failed} of {len(planned)} scenes could not be made, so nothing can be "
                f"trained; the first: {failures[0].reason}"
            )

    def networks(self, finished: frozenset[str]) -> None:
        """Every network, trained and tested; those that failed before only when this is asked for."""
        done = self.ledger.done_keys("networks")
        keys = {plan.part_id for plan in self.plans}
        self.ledger.forget(sorted((done & keys) - finished))
        self.ledger.adopt(sorted(finished - done), "networks")
        failed = {each.key for each in self.ledger.failures("networks")} & keys
        passed_over = frozenset() if self.options.retry_failed else failed
        settled = finished | passed_over
        left = [plan for plan in self.plans if plan.part_id not in settled]
        before = RunCount(len(self.plans) - len(left), len(finished), len(passed_over), len(finished))
        groups = grouped(left, self.workers.spec.worker_count)
        journal = PackingJournal(
            self.ledger, self.folder, {plan.part_id: plan.network_id for plan in self.plans}
        )
        self._run("networks", "networks", [self._training(group) for group in groups], journal, before)

    def information(self) -> None:
        """The table of measures of every pair of domains; one of other inputs is removed, even if this one fails."""
        task = self._task(information_id(self.study), "information", tasks.measure)
        if task.key not in self.ledger.done_keys("information"):
            self.folder.information.unlink(missing_ok=True)
        there = has_part(self.folder.root, "information")
        self._carry_out("information", "tables", [task], lambda _: there, alone=True)

    def examples(self) -> None:
        """Images and predictions for the report, from networks of the study's own series that are there."""
        done = self.ledger.done_keys("networks")
        shown = tuple(p.part_id for p in self.plans if p.part_id in done and p.member.series == MAIN)
        if not shown:
            return
        task = self._task(examples_id(self.study, shown), "examples", tasks.show, shown)
        self._carry_out("examples", "sets", [task], lambda _: are_intact(self.folder.examples), alone=True)

    def coherence(self) -> None:
        """The table that compares the two ways of reckoning partial coherence."""
        task = self._task(coherence_id(self.study), "coherence", tasks.compare_coherence)
        there = has_part(self.folder.root, "coherence")
        self._carry_out("coherence", "tables", [task], lambda _: there, alone=True)

    def prediction(self) -> None:
        """What foretells performance in new domains: tables of measures and evidence, and what they come to."""
        study, done = self.study, self.ledger.done_keys("networks")
        finished = [plan for plan in self.plans if plan.part_id in done]
        tables = self.measures()
        if finished:
            asked = self.evidence(finished)
            stages = ("measures", "evidence", "information")
            done_keys = frozenset[str]().union(*map(self.ledger.done_keys, stages))
            made = {*tables, *asked, information_id(study)} & done_keys
            task = self._task(analysis_id(study, finished, made), "analysis", prediction_tasks.analyse_run)
            there = is_sealed_json(self.folder.analysis) and is_intact_table(self.folder.predictions)
            self._carry_out("analysis", "studies", [task], lambda _: there, alone=True)

    def measures(self) -> dict[str, Path]:
        """The tables of what is known of pairs before any image is recorded, by their ids."""
        study = self.study
        tables = {measures_id(study): self.folder.measures}
        planned = [self._task(measures_id(study), "measures", prediction_tasks.measure_pairs)]
        if contested(study) and not self.options.measures_only:
            tables[bands_id(study)] = self.folder.bands
            planned.append(self._task(bands_id(study), "measures", prediction_tasks.classify_bands))
        self._carry_out("measures", "tables", planned, lambda key: is_intact_table(tables[key]), alone=True)
        return tables

    def evidence(self, finished: Sequence[NetworkPlan]) -> list[str]:
        """What networks say of unlabelled images, a part for every training domain of a series that is large enough.

        Returns the ids of all parts, made or not.
        """
        planned = []
        for series in contested(self.study):
            for train in series.train_on:
                own = [p for p in finished if (p.member.series, p.domain) == (series.name, train)]
                if own:
                    key = evidence_id(self.study, series, train, own)
                    ids = tuple(plan.network_id for plan in own)
                    function = prediction_tasks.gather_evidence
                    planned.append(self._task(key, "evidence", function, series.name, train, ids, key))
        self._carry_out("evidence", "domains", planned, lambda key: has_part(self.folder.evidence, key))
        return [task.key for task in planned]

    def _scenes(self) -> Iterator[Scene]:
        """The scenes of the structures on which the networks of this start are trained and tested."""
        if self.options.measures_only:
            return (scene for scene in all_scenes(self.study) if scene.split == "training")
        series = {each.name: each for each in self.study.all_series()}
        used = {(plan.member.series, plan.domain) for plan in self.plans}
        names = {name for one, domain in used for name in (domain, *series[one].test_on)}
        needed = {self.study.domains[name].structures for name in names}
        if not self.options.is_partial:
            needed |= set(self.study.structures)
        return (scene for scene in all_scenes(self.study) if scene.structures in needed)

    def _training(self, group: Sequence[NetworkPlan]) -> Task:
        """A task for networks of one domain, which runs them together and can run each alone."""
        members = tuple(
            self._task(plan.part_id, "networks", tasks.train_and_score, (plan.member,)) for plan in group
        )
        together = tuple(plan.member for plan in group)
        task = self._task(group[0].part_id, "networks", tasks.train_and_score, together)
        return Task(task.key, task.stage, task.function, task.arguments, members)

    def _task(
        self, key: str, stage: str, function: Callable[..., dict[str, object]], *arguments: object
    ) -> Task:
        return Task(key, stage, function, (str(self.folder.root), self._study_json, *arguments))

    @cached_property
    def _study_id(self) -> str:
        return content_id(self.study)

    @cached_property
    def _study_json(self) -> str:
        return canonical_json(self.study)

    def _carry_out(
        self,
        stage: str,
        unit: str,
        planned: Sequence[Task],
        there: Callable[[str], bool],
        alone: bool = False,
    ) -> None:
        """Run the tasks of a stage; one that was done, but whose artefact is not there any more, runs again.

        alone: whether an artefact takes the place of one made from other inputs; what was done with these is forgotten,
        so that a study that is changed and changed back is not taken for done.
        """
        done = self.ledger.done_keys(stage)
        keys = {task.key for task in planned}
        self.ledger.forget(sorted((done - keys) if alone else ()))
        self.ledger.forget([task.key for task in planned if task.key in done and not there(task.key)])
        self._run(stage, unit, planned, self.ledger, NOTHING)

    def _run(
        self, stage: str, unit: str, planned: Sequence[Task], journal: Journal, before: RunCount
    ) -> None:
        started = perf_counter()
        self.watcher = StageProgress(stage, unit)
        self.counts[stage] = run_tasks(planned, self.workers, journal, self.watcher, before)
        self.wall_seconds[stage] = perf_counter() - started

    def _has_waves(self, scene_id: str, verify: bool) -> bool:
        path = self.folder.scene(scene_id)
        if not path.exists():
            return False
        if verify and not are_intact(path):
            self.folder.set_aside(path)
            return False
        return True
