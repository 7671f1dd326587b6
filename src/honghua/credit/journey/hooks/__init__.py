"""One risk hook a step: what is looked at before a step is done, and after."""
