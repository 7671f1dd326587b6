"""Sources and readers of evidence that customers bring, wired. No real one is known here: a demonstration has fakes, which say so."""

from __future__ import annotations

from typing import Final

from honghua.base.clock import Clock
from honghua.customers.materials.api import FakeDocumentReader, FakeMaterialSource
from honghua.web.consumer.evidence.ports import NO_PORTS, MaterialPorts

DEMO_SEED: Final = 9


def make_materials(*, is_demo: bool, clock: Clock) -> MaterialPorts:
    """For `app.state.materials` and the clock's jobs; without a demonstration nothing is plugged in, and the page says so."""
    if not is_demo:
        return NO_PORTS
    source = FakeMaterialSource(DEMO_SEED, lambda: clock.now().date())
    return MaterialPorts(source=source, reader=FakeDocumentReader(DEMO_SEED))


__all__ = ["make_materials"]
