"""The table of a study's domains: what each one is, in the user's units."""

import pandas as pd

from passband.imaging.distribution import mean_value
from passband.records import canonical_json
from passband.study.pixels import images_grid
from passband.study.study import Study
from passband.units import A_to_nm


def domain_table(study: Study) -> pd.DataFrame:
    """One row per domain: its imaging distribution as JSON, the means of its settings, and what it serves for.

    Columns: domain_id, structures, imaging, is_training, is_test, and the mean of every setting under its own key
    (``defocus_nm``, ``Cs_mm`` …; ``dose_e_per_A2`` is infinite without shot noise). Where a domain names its pixels,
    ``pixel_nm`` of every domain's images too.
    """
    rows, training, test = [], set(study.training_domains), set(study.test_domains)
    has_pixels = any(domain.imaging.pixel_nm is not None for domain in study.domains.values())
    for name, domain in study.domains.items():
        means = {key: mean_value(value) for key, value in domain.imaging.parameters().items()}
        rows.append(
            {
                "domain_id": name,
                "structures": domain.structures,
                "imaging": canonical_json(domain.imaging),
                "is_training": name in training,
                "is_test": name in test,
                **means,
                **({"pixel_nm": A_to_nm(images_grid(study, name).sampling_A)} if has_pixels else {}),
            }
        )
    return pd.DataFrame(rows)
