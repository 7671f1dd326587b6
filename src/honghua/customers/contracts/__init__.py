"""Contracts as PDF: shown, read for long enough, signed and sealed; what is downloaded verifies first, or is not given out."""
