"""The register of models: versions per segment and purpose, who moved them and why, and how the live ones do, night by night.

Words: a *version* is a filed model; a *live* one is champion or challenger; an *act* is a change of its standing; a *trial* is the
evidence of a promotion: rows later than the fitting, the champion beside it, fairness; a *vintage* is a month of scoring.
Invariants (`models/invariants.py`): standings are the fold of acts; one champion per segment and purpose; every champion won its trial or
was rolled back to; files are as filed.
"""
