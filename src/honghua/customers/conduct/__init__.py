"""Conduct: why each personal field is kept, complaints and their clocks, who answers for what, and the proof that the erased are gone."""
