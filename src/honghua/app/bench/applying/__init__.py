"""Gangs among applications: clusters, a neural scorer and what each family of values brings."""
