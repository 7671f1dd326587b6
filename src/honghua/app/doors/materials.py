"""Sources and readers of evidence that customers bring, wired: what the settings name; a demonstration's gaps are fakes, which say so."""

from __future__ import annotations

from typing import Final

from honghua.app.doors.outside.wiring import make_document_reader, make_material_source
from honghua.app.settings import Settings
from honghua.base.clock import Clock
from honghua.customers.materials.api import FakeDocumentReader, FakeMaterialSource
from honghua.web.consumer.evidence.ports import MaterialPorts

DEMO_SEED: Final = 9


def make_materials(settings: Settings, *, is_demo: bool, clock: Clock) -> MaterialPorts:
    """For `app.state.materials` and the clock's jobs; what is missing elsewhere is not there, and the page says so."""
    source, reader = make_material_source(settings, clock), make_document_reader(settings, clock)
    if not is_demo:
        return MaterialPorts(source=source, reader=reader)
    return MaterialPorts(
        source=source or FakeMaterialSource(DEMO_SEED, lambda: clock.now().date()),
        reader=reader or FakeDocumentReader(DEMO_SEED),
    )


__all__ = ["make_materials"]
