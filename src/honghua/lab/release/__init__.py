"""From a candidate of the lab to a model that decides: compiled, with its examination, kept for the decision room's slot `credit`."""
