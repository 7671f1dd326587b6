"""Verbs about accounts and their books."""
