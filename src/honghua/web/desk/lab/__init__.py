"""The strategy lab at the desk: runs and their steps, candidates, the frontier, and the one click that lets a release go on."""
