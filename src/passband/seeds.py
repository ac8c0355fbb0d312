"""Named streams of random numbers: every draw says what it is for, and the same name gives the same numbers."""

import hashlib

import numpy as np


def seed_for(root: int, *names: str | int) -> int:
    """A 63-bit seed from a root seed and the name of the stream, independent of platform and process."""
    text = "/".join([str(root), *(str(name) for name in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def random_stream(root: int, *names: str | int) -> np.random.Generator:
    """A NumPy generator for the named stream."""
    return np.random.default_rng(seed_for(root, *names))
