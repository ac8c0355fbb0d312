"""Tasks on Dask workers, on this machine or on others; the driver keeps the accounts.

No more tasks are in flight than workers are alive. So a worker holds one task, and a worker that dies points at
the task that killed it. Such a task may cost `DEATHS_ALLOWED` workers more, then it is set aside with its reason;
tasks that were done together are first tried one by one. Reference: Dask distributed, https://distributed.dask.org.
"""

import queue
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from distributed import Client, KilledWorker

from passband.errors import UserError
from passband.execution.tasks import Outcome, Task, perform, reason_of

PATIENCE_S: Final = 120.0
"""How long the driver waits without any live worker before it gives up [s]."""
DEATHS_ALLOWED: Final = 2
"""How many workers a task may cost and still be tried again; the next death sets it aside."""
_POLL_S: Final = 0.5


class DaskExecutor:
    """Runs tasks on the workers of a Dask scheduler; one iteration over outcomes at a time."""

    def __init__(
        self, client: Client, live_workers: Callable[[], int], patience_s: float = PATIENCE_S
    ) -> None:
        """live_workers: how many are alive now. patience_s: how long to wait without any [s]."""
        self._client, self._live_workers, self._patience_s = client, live_workers, patience_s

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """One outcome per task, as they end. Raises UserError when no worker is alive for too long."""
        flight = _Flight(self._client, deque(tasks))
        alive_at = time.monotonic()
        while flight.waiting or flight.flying:
            alive = self._live_workers()
            alive_at = time.monotonic() if alive else self._patient(alive_at)
            flight.launch(up_to=alive)
            with suppress(queue.Empty):
                future = flight.landed.get(timeout=_POLL_S)
                task = flight.flying.pop(future)
                flight.launch(up_to=self._live_workers())  # the worker need not wait for what follows
                outcome = flight.outcome(task, future)
                if outcome is not None:
                    yield outcome

    def _patient(self, alive_at: float) -> float:
        if time.monotonic() - alive_at > self._patience_s:
            raise UserError(
                f"no worker has been alive for {self._patience_s:.0f} s; "
                "see the folder logs, then run the same command again with fewer workers"
            )
        return alive_at


class _Flight:
    """Tasks of one iteration: waiting in the driver, flying (given to Dask), landed (ended there)."""

    def __init__(self, client: Client, waiting: deque[Task]) -> None:
        self.waiting, self.flying = waiting, dict[Any, Task]()
        self.landed: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._client = client
        self._deaths: Counter[str] = Counter()

    def launch(self, up_to: int) -> None:
        """Give tasks to Dask until so many are flying."""
        while self.waiting and len(self.flying) < up_to:
            task = self.waiting.popleft()
            key = f"{task.stage}-{task.key}-{secrets.token_hex(8)}"  # or Dask may give an older result again
            future = self._client.submit(perform, task, key=key, pure=False)
            self.flying[future] = task
            future.add_done_callback(self.landed.put)

    def outcome(self, task: Task, future: Any) -> Outcome | None:
        """How the task ended; None when it lost its worker and waits for another one."""
        error = future.exception()
        if error is None:
            outcome: Outcome = future.result()
            return outcome
        if not isinstance(error, KilledWorker):
            return Outcome(task, 0.0, reason=reason_of(error))
        if task.members:
            self.waiting.extendleft(task.members)  # now, that the one to blame is soon known
            return None
        self._deaths[task.key] += 1
        if self._deaths[task.key] <= DEATHS_ALLOWED:
            self.waiting.append(task)
            return None
        died = f"its worker died {self._deaths[task.key]} times (out of memory, or a crash)"
        return Outcome(task, 0.0, reason=died)
