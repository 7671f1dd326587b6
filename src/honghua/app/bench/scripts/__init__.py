"""`honghua bench scripts`: the detector of agents' scripts, fitted on some invented writers and judged on others."""
