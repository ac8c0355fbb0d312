"""The U-Nets of one family, built from their specification.

Every block is pre-activated: batch norm, ReLU, convolution; a residual one adds its input to its output
(He et al., ECCV 2016). The stem is one strided convolution; where asked, the mean of its absolute value over a few
places is taken, which tells the strength of a fringe wherever its maxima lie. The head is the stem's counterpart: a
3 x 3 convolution to r² values per coarse pixel, laid out as r x r finer ones (sub-pixel convolution, Shi et al., CVPR
2016), which costs half of a transposed convolution; r is stem_stride / output_stride, and what is still
coarser than the image is interpolated bilinearly. All operations are convolutional, so any image whose sides are
multiples of ``spec.multiple`` fits.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pixel_shuffle

from passband.errors import UserError
from passband.networks.spec import NetworkSpec


class Block(nn.Module):
    """BatchNorm, ReLU and 3 x 3 convolution, some times over; the first may stride; a shortcut where residual."""

    def __init__(self, width_in: int, width_out: int, stride: int, spec: NetworkSpec) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index in range(spec.convolutions):
            width = width_in if index == 0 else width_out
            step = stride if index == 0 else 1
            layers += [
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                nn.Conv2d(width, width_out, 3, step, padding=1, bias=False),
            ]
        self.body = nn.Sequential(*layers)
        self.shortcut = _shortcut(width_in, width_out, stride) if spec.residual else None

    def forward(self, features: Tensor) -> Tensor:
        """(b, width_in, h, w) to (b, width_out, h / stride, w / stride)."""
        result: Tensor = self.body(features)
        return result if self.shortcut is None else result + self.shortcut(features)


class Join(nn.Module):
    """Doubles coarse features and joins them with the encoder's fine ones."""

    def __init__(self, coarse: int, fine: int, spec: NetworkSpec) -> None:
        super().__init__()
        self.adds = spec.skip == "add"
        self.project = nn.Conv2d(coarse, fine, 1, bias=False) if self.adds else nn.Identity()
        self.block = Block(fine if self.adds else coarse + fine, fine, 1, spec)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """(b, coarse, h, w) and (b, fine, 2h, 2w) to (b, fine, 2h, 2w)."""
        doubled = interpolate(self.project(coarse), scale_factor=2.0, mode="nearest")
        joined = doubled + fine if self.adds else torch.cat([doubled, fine], dim=1)
        result: Tensor = self.block(joined)
        return result


class UNet(nn.Module):
    """A U-Net of the family: images (b, 1, ny, nx) to logits (b, outputs, ny, nx)."""

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        widths = spec.widths
        step = spec.stem_stride // spec.stem_pool
        padding = (spec.stem_kernel - step + 1) // 2
        self.stem = nn.Conv2d(1, widths[0], spec.stem_kernel, step, padding, bias=False)
        self.encoder = nn.ModuleList(_level(spec, index) for index in range(len(widths)))
        pairs = zip(widths[1:], widths[:-1], strict=True)
        self.decoder = nn.ModuleList(Join(coarse, fine, spec) for coarse, fine in pairs)
        self.norm = nn.BatchNorm2d(widths[0])
        self.refinement = spec.stem_stride // spec.output_stride
        self.head = nn.Conv2d(widths[0], spec.outputs * self.refinement**2, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of standardised images; raises UserError where the size does not fit the levels."""
        coarse = self.coarse_logits(images)
        if self.spec.output_stride == 1:
            return coarse
        return interpolate(coarse.float(), scale_factor=float(self.spec.output_stride), mode="bilinear")

    def coarse_logits(self, images: Tensor) -> Tensor:
        """Logits (b, outputs, ny / s, nx / s) before they are interpolated, s the output stride."""
        _check_size(images, self.spec.multiple)
        features = self.stem(images)
        if self.spec.stem_pool > 1:
            features = avg_pool2d(features.abs(), self.spec.stem_pool)
        skips = []
        for level in self.encoder:
            features = level(features)
            skips.append(features)
        for join, skip in zip(reversed(self.decoder), reversed(skips[:-1]), strict=True):
            features = join(features, skip)
        values: Tensor = self.head(torch.relu(self.norm(features)))
        return values if self.refinement == 1 else pixel_shuffle(values, self.refinement)


def build_network(spec: NetworkSpec, seed: int) -> UNet:
    """A network at its random start, on the CPU in float32; equal arguments give equal weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return UNet(spec)


def channels_last(images: Tensor) -> Tensor:
    """The same images (b, 1, ny, nx), not copied; convolutions then give channels-last features.

    An image of one channel lies in memory alike in both layouts, and torch goes by its strides alone: without this
    the stem answers in the other layout, and every operation on its features takes up to ten times as long.
    """
    return images[:, 0, :, :, None].permute(0, 3, 1, 2)


def particle_logits(outputs: Tensor) -> Tensor:
    """Logit of being particle (b, ny, nx), float32, from a network's outputs (b, 1 or 2, ny, nx).

    A softmax over two classes is the logistic function of their difference, so one logit serves both kinds.
    """
    logits = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
    return logits.float()


def parameter_count(network: nn.Module) -> int:
    """Number of trained numbers in a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def _level(spec: NetworkSpec, index: int) -> nn.Sequential:
    """The blocks of one level of the encoder; the first one of every level but the finest halves the grid."""
    width = spec.widths[index]
    before = spec.widths[max(index - 1, 0)]
    first = (before, 2 if index else 1)
    shapes = [first] + [(width, 1)] * (spec.blocks[index] - 1) if spec.blocks[index] else []
    return nn.Sequential(*(Block(w, width, stride, spec) for w, stride in shapes))


def _shortcut(width_in: int, width_out: int, stride: int) -> nn.Sequential:
    """Mean, then 1 x 1 (He et al., "Bag of tricks", CVPR 2019), where the shape changes; else the features.

    A strided 1 x 1 convolution would do, but oneDNN's overruns its memory at some widths (channels-last, torch 2.13).
    """
    layers: list[nn.Module] = [nn.AvgPool2d(stride)] if stride > 1 else []
    if width_in != width_out:
        layers.append(nn.Conv2d(width_in, width_out, 1, bias=False))
    return nn.Sequential(*layers)


def _check_size(images: Tensor, multiple: int) -> None:
    ny, nx = images.shape[-2:]
    if ny % multiple or nx % multiple:
        fit_y, fit_x = (max(multiple, n - n % multiple) for n in (ny, nx))
        raise UserError(
            f"the network takes images whose sides are multiples of {multiple} px, and this one has "
            f"{ny} x {nx} px; crop or pad it to {fit_y} x {fit_x} px"
        )
