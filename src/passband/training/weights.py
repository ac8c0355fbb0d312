"""The trained numbers of a network in one vector, so that an optimiser takes its step in one operation.

With bfloat16, the convolutions compute with rounded working copies, and the float32 masters take the steps
(Micikevicius et al., "Mixed precision training", ICLR 2018): a change below the working copy's last bit
is not lost.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from passband.networks.spec import Precision


class MatrixPart(NamedTuple):
    """Where the weights of one convolution stand in the vector, and how many channels it gives."""

    start: int
    stop: int
    rows: int


@dataclass(frozen=True)
class FlatWeights:
    """All trained numbers of one network; the network's own parameters and gradients are views into them.

    values, gradient: float32 (n,): weights of the convolutions, then their biases, then the norms.
    working, working_gradient: what the convolutions compute with and what they give back, (k,) with k <= n,
        in bfloat16; in float32 they are the first k of ``values`` and ``gradient`` themselves.
    named: float32 views of ``values``, by the names of the network's parameters.
    matrices: the weights of the convolutions, in order.
    """

    values: Tensor
    gradient: Tensor
    working: Tensor
    working_gradient: Tensor
    named: dict[str, Tensor]
    matrices: tuple[MatrixPart, ...]

    def collect_gradient(self) -> None:
        """Bring the working gradient into the float32 one."""
        if self.working.dtype != self.values.dtype:
            self.gradient[: len(self.working)].copy_(self.working_gradient)

    def clear_gradient(self) -> None:
        """Set both gradients to 0."""
        self.gradient.zero_()
        self.working_gradient.zero_()

    def refresh_working(self) -> None:
        """Round the masters into the working copies."""
        if self.working.dtype != self.values.dtype:
            self.working.copy_(self.values[: len(self.working)])


def flatten_weights(network: nn.Module, precision: Precision) -> FlatWeights:
    """Move the parameters of a network into one vector; from then on the network computes in ``precision``.

    The network is changed: its convolutions take inputs in ``precision``. Its norms stay in float32. The memory
    layout of each parameter (channels last or not) is kept.
    """
    kinds = _kinds(network)
    parameters = dict(sorted(network.named_parameters(), key=lambda item: kinds[item[0]]))
    values = torch.cat([_as_stored(parameter) for parameter in parameters.values()])
    gradient = torch.zeros_like(values)
    rounded = sum(parameter.numel() for name, parameter in parameters.items() if kinds[name] < _OTHER)
    working, working_gradient = values[:rounded], gradient[:rounded]
    if precision == "bfloat16":
        working, working_gradient = working.bfloat16(), working_gradient.bfloat16()
    named, matrices, stop = {}, [], 0
    for name, parameter in parameters.items():
        start, stop = stop, stop + parameter.numel()
        named[name] = _shaped(values[start:stop], parameter)
        if kinds[name] == _WEIGHT:
            matrices.append(MatrixPart(start, stop, len(parameter)))
        held, given = (working, working_gradient) if stop <= rounded else (values, gradient)
        parameter.data = _shaped(held[start:stop], parameter)
        parameter.grad = _shaped(given[start:stop], parameter)
    return FlatWeights(values, gradient, working, working_gradient, named, tuple(matrices))


_WEIGHT, _BIAS, _OTHER = range(3)


def _kinds(network: nn.Module) -> dict[str, int]:
    """For every parameter whether it is the weight of a convolution, its bias, or of something else."""
    kinds = {name: _OTHER for name, _ in network.named_parameters()}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            kinds[f"{name}.weight"] = _WEIGHT
            if module.bias is not None:
                kinds[f"{name}.bias"] = _BIAS
    return kinds


def _is_channels_last(parameter: Tensor) -> bool:
    return not parameter.is_contiguous() and parameter.is_contiguous(memory_format=torch.channels_last)


def _as_stored(parameter: Tensor) -> Tensor:
    """The numbers of a parameter in the order in which they lie in memory, (n,)."""
    held = parameter.detach()
    return (held.permute(0, 2, 3, 1) if _is_channels_last(held) else held).reshape(-1).float()


def _shaped(part: Tensor, parameter: Tensor) -> Tensor:
    """A part (n,) of a vector in the shape and the memory layout of a parameter."""
    if not _is_channels_last(parameter):
        return part.view(parameter.shape)
    out, width, ny, nx = parameter.shape
    return part.view(out, ny, nx, width).permute(0, 3, 1, 2)
