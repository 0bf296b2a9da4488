"""From permitted evidence to one score: conductances, propagation, points."""
