"""Verbs about decisions: policies, releases, lists, reviews, models, alerts."""
