"""One thread per test process: results repeat bit for bit, and tests do not fight over the cores."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("passband", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("passband")
