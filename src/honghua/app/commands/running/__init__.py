"""Verbs about the program at work: its database, jobs, demo, city and benches."""
