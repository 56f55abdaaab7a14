"""Reviews: the pool, assignments, conflicts of interest, scores, calibration and ranking."""
