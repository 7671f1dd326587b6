"""The lab's workers over the rooms of their crafts: each does one step of a run, reads and writes artefacts, and says why."""
