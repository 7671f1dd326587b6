"""What is watched while policies judge: drift of values and scores, the brake's memory after a restart, alerts for people."""
