"""Where scores and measures meet: matrix, G_OOD, baselines, prediction of conditions left out. Values only."""
