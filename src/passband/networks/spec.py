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
    stem_stride, stem_kernel: stride and kernel [px] of the first convolution.
    widths: channels of each level, the finest first; level i works at 1/(stem_stride 2^i) of the image.
    blocks: blocks of each level of the encoder; 0 is possible at the finest one, which the stem
        has filled.
    convolutions: 3 x 3 convolutions of each block.
    residual: whether a block adds its input to its output.
    skip: how the decoder takes up the encoder's features.
    outputs: 1 logit (of being particle), or 2 (of background and of particle).
    """

    input_sampling_A: PositiveFloat = 0.4
    stem_stride: Literal[1, 2, 4, 8] = 4
    stem_kernel: PositiveInt = 8
    widths: tuple[PositiveInt, ...] = Field(default=(16, 32, 64, 128), min_length=1, max_length=8)
    blocks: tuple[int, ...] = (1, 1, 1, 1)
    convolutions: PositiveInt = 1
    residual: bool = False
    skip: Literal["add", "concatenate"] = "add"
    outputs: Literal[1, 2] = 1

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
        if self.stem_kernel < self.stem_stride or (self.stem_stride == 1 and self.stem_kernel % 2 == 0):
            raise ValueError("stem_kernel must be at least stem_stride, and odd where stem_stride is 1")
        return self


COMPACT: Final = NetworkSpec()
"""Small enough for thousands of networks on two cores (about 0.2 M parameters)."""

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
