"""What a segmentation network is, as data.

One family of U-Nets (Ronneberger, Fischer & Brox, MICCAI 2015) made of pre-activation blocks (He et al.,
"Identity mappings in deep residual networks", ECCV 2016). A stem brings the image to a coarser
grid; every level halves it again; the decoder climbs back, and a head matched to the stem returns to the
pixels of the image.
"""

from typing import Final, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from passband.records import Record

Precision = Literal["float32", "bfloat16"]
"""Number format of the convolutions; weights, losses and logits are float32 in both."""


class NetworkSpec(Record):
    """One U-Net; two equal specifications and one seed give equal weights.

    input_sampling_A: pixel size [Å] of the images that the network is meant for.
    stem_stride: pixels of the image per coarse pixel of the finest level.
    stem_kernel: kernel [px] of the first convolution.
    stem_pool: 1 for a linear stem, of stride stem_stride; else its stride is stem_stride / stem_pool, and the
        mean of its absolute value over stem_pool x stem_pool places is taken: the strength of a fringe,
        wherever its maxima lie.
    widths: channels of each level, the finest first; level i works at 1/(stem_stride 2^i) of the image.
    blocks: blocks of each level of the encoder; 0 is possible at the finest one, which the stem
        has filled.
    convolutions: 3 x 3 convolutions of each block.
    residual: whether a block adds its input to its output.
    skip: how the decoder takes up the encoder's features.
    outputs: 1 logit (of being particle), or 2 (of background and of particle).
    output_stride: pixels of the image per logit, along each axis; from 2 on logits are interpolated between,
        and training compares them with the mean of the mask over the pixels that each stands for.
    """

    input_sampling_A: PositiveFloat = 0.4
    stem_stride: Literal[1, 2, 4, 8] = 4
    stem_kernel: PositiveInt = 8
    stem_pool: Literal[1, 2, 4] = 1
    widths: tuple[PositiveInt, ...] = Field(default=(16, 32, 64, 128), min_length=1, max_length=8)
    blocks: tuple[int, ...] = (1, 1, 1, 1)
    convolutions: PositiveInt = 1
    residual: bool = False
    skip: Literal["add", "concatenate"] = "add"
    outputs: Literal[1, 2] = 1
    output_stride: Literal[1, 2, 4, 8] = 1

    @property
    def multiple(self) -> int:
        """Both sides of an image must be a multiple of this number of pixels."""
        return int(self.stem_stride * 2 ** (len(self.widths) - 1))

    @model_validator(mode="after")
    def _levels_agree(self) -> Self:
        if len(self.blocks) != len(self.widths):
            raise ValueError("blocks must have one number per level, as many as widths")
        if self.blocks[0] < 0 or min(self.blocks[1:], default=1) < 1:
            raise ValueError("blocks must be at least 1 at every level but the finest, which may have 0")
        if self.stem_stride % self.stem_pool:
            raise ValueError("stem_pool must divide stem_stride")
        step = self.stem_stride // self.stem_pool
        if self.stem_kernel < step or (step == 1 and self.stem_kernel % 2 == 0):
            raise ValueError("stem_kernel must be at least stem_stride / stem_pool, and odd where that is 1")
        if self.output_stride > self.stem_stride:
            raise ValueError("output_stride must be at most stem_stride")
        return self


COMPACT: Final = NetworkSpec(stem_pool=2, blocks=(0, 1, 1, 1), output_stride=4)
"""Small enough for thousands of networks on two cores (0.16 M parameters); found by trial (docs/decisions/0016)."""

PUBLISHED: Final = NetworkSpec(
    input_sampling_A=0.2,
    stem_stride=2,
    stem_kernel=7,
    widths=(64, 64, 128, 256, 512),
    blocks=(0, 2, 2, 2, 2),
    convolutions=2,
    residual=True,
    skip="concatenate",
    outputs=2,
)
"""After DaCosta, Oill & Scott, doi 10.69761/kjte5358: a ResNet-18-like encoder, pre-activation, two
classes, about 14 M parameters. The decoder's blocks and the head are ours."""
