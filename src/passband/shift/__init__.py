"""Where scores and measures meet: train x test matrix, G_OOD, baselines, rank correlations; only values."""
