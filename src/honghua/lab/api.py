"""The room's light door: the names of flows, steps and artefacts that desks and verbs know. What works stands behind the part doors
`lab.tables.api`, `lab.fitting.api`, `lab.factory.api`, `lab.tags.api`, `lab.following.api`, `lab.knowledge.api`, `lab.strategy.api`,
`lab.monitoring.api` and `lab.workers.api`, which load the trainers; what is kept of customers is read by `lab.profiles.api`, as light."""

from __future__ import annotations

from typing import Final

from honghua.lab.runs import REFIT, DatabaseRuns

BUILD: Final = "build"  # the flow from raw events to a release
TABLE: Final = "table"  # the flow of one flat table
LIMITS: Final = "limits"  # the flow that chooses limits by what lots have shown
CANDIDATE: Final = "candidate"  # the artefact that is signed, and that a person looks at
APPROVE: Final = "approve release"  # the one step of a person
PROPOSE: Final = "propose the release"
CARD: Final = "card"
LEADERBOARD: Final = "leaderboard"
STRATEGY: Final = "strategy"

__all__ = [
    "APPROVE",
    "BUILD",
    "CANDIDATE",
    "CARD",
    "LEADERBOARD",
    "LIMITS",
    "PROPOSE",
    "REFIT",
    "STRATEGY",
    "TABLE",
    "DatabaseRuns",
]
