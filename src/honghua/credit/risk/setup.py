"""What fixes a risk engine: the plan of what it senses, its settings, local time, and where its snapshots lie."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan

MANIFEST: Final = decision.PLAN_FILE


@dataclass(frozen=True, slots=True)
class RiskSetup:
    """What fixes an engine: its plan and settings, and how far local time is ahead of UTC. folder: where snapshots lie, None = nowhere."""

    plan: RiskPlan
    settings: EngineSettings = field(default_factory=EngineSettings)
    offset_us: int = field(default=0)
    folder: Path | None = field(default=None)

    def manifest(self) -> bytes:
        """As JSON, to be kept beside the model."""
        settings = self.settings
        told = {
            **self.plan.told(), "size": asdict(settings.size), "silent_days": settings.silent_days,
            "values": list(settings.values), "offset_us": self.offset_us,
        }  # fmt: skip
        return json.dumps(told, sort_keys=True).encode()

    @classmethod
    def read(cls, manifest: bytes, folder: Path | None) -> RiskSetup:
        """What `manifest` wrote."""
        told = json.loads(manifest)
        settings = EngineSettings(SensorSize(**told["size"]), told["silent_days"], tuple(told["values"]))
        return cls(RiskPlan.of_told(told), settings, told["offset_us"], folder)

    def serving(self, other: RiskSetup) -> RiskSetup:
        """This setup, sensing for another's model too; as it is where that would be another state: other events, silences or hours."""
        mine, theirs = self.settings, other.settings
        plan = self.plan.joined(other.plan)
        if plan is None or (mine.silent_days, self.offset_us) != (theirs.silent_days, other.offset_us):
            return self
        size = SensorSize(**{name: max(n, asdict(theirs.size)[name]) for name, n in asdict(mine.size).items()})
        return replace(self, plan=plan, settings=replace(mine, size=size))


__all__ = ["MANIFEST", "RiskSetup"]
