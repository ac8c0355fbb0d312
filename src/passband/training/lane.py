"""Where the work of one network is queued: its own stream of a GPU, or the calling process.

A small network keeps a GPU busy for microseconds at a time, and starting an operation costs the host as much.
So the step is recorded once (a CUDA graph) and replayed by one call, and the replays of several networks
lie on streams of their own, where the device may run them side by side. On the CPU the same calls do
the work at once. The GPU's side has tests marked ``gpu``; it has not run yet (docs/decisions/0015-trainer.md).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Generator

EAGER_STEPS = 3
"""Steps before the recorded one: libraries choose their algorithms and claim their memory in them."""


@dataclass
class Lane:
    """A queue of work on one device; what is queued runs in order, and beside other lanes."""

    device: torch.device
    stream: "torch.cuda.Stream | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.device.type == "cuda":
            self.stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
            self.stream.wait_stream(torch.cuda.current_stream(self.device))

    def queueing(self) -> AbstractContextManager[object]:
        """Context in which operations are queued here; it must not be left open while another lane works."""
        return torch.cuda.stream(self.stream) if self.stream is not None else nullcontext()

    def mark(self) -> Callable[[], bool]:
        """Tells, when called, whether everything queued so far is done."""
        if self.stream is None:
            return lambda: True
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record(self.stream)
        return event.query

    def repeated(self, step: Callable[[], None], generator: Generator) -> Callable[[], None]:
        """A step that draws from a generator, to be called again and again inside ``queueing``."""
        return step if self.stream is None else _Recorded(step, generator, self.stream)


@dataclass
class _Recorded:
    """The first calls take the step as it is, the next records it, and from then on it is replayed."""

    step: Callable[[], None]
    generator: Generator
    stream: torch.cuda.Stream
    calls: int = 0
    graph: "torch.cuda.CUDAGraph | None" = None

    def __call__(self) -> None:
        self.calls += 1
        if self.calls <= EAGER_STEPS:
            self.step()
            return
        if self.graph is None:
            self.graph = torch.cuda.CUDAGraph()
            self.graph.register_generator_state(self.generator)
            with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode="thread_local"):
                self.step()
        self.graph.replay()
