"""Settings for every test of the repository: how Hypothesis behaves."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No deadline: the first call of a kernel compiles it. CI draws the same examples each time, so that red means changed.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
