"""A run that a night opened: the seat's two models are fitted again, examined, filed; the one that surely wins waits for a person's click.

Everything is read from the register: rows of people are never copied into a run.
"""
