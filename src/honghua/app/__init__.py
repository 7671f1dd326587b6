"""Composition root: settings, wiring and the command line `honghua`. The only room that reads the environment."""
