"""Fraud and cash-out: three detectors (crowds, rhythm, merchants) and their fusion, each with its score, reasons and evidence.

Words: a *value* is one number about an event that only its past decides; a *family* says whose detector reads it; a *surprise* is
−log10 of how seldom a value is so suspicious among peers; a *late label* is a report or a clearing, used from its arrival on;
*silence* is the time since the last label of anybody arrived.
Invariants: a value depends on rows before its own and on itself, never on what follows or on how rows were batched; no raw key is a
value; a detector never reads labels; a more suspicious value never lowers its detector.
"""
