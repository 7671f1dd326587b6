"""What runs by the clock: every job of every room, and the way in which those that are due are run."""
