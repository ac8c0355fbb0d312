"""`passband information A.yaml B.yaml`: two imaging distributions compared, without a study."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from passband.errors import UserError
from passband.information.band import Band
from passband.information.pairs import pair_information
from passband.information.weights import AREA, RADIAL, specimen_weight
from passband.storage.run_folder import RunFolder
from passband.storage.waves import load_waves
from passband.study.load import load_imaging
