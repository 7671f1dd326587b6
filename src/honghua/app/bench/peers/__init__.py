"""Peers under another licence, each a program of its own: arrays go in by files, figures come out as JSON on stdout."""
