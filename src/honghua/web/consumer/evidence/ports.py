"""What bringing evidence needs of the outside world."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from honghua.customers.materials.api import DocumentReader, MaterialSource


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialPorts:
    """Services that the operator has plugged in, for `app.state.materials`; a demonstration's are fakes and say so. None: not that way."""

    source: MaterialSource | None = None
    reader: DocumentReader | None = None


NO_PORTS = MaterialPorts()


def find_material_ports(request: Request) -> MaterialPorts:
    """What the process was given."""
    ports: MaterialPorts = getattr(request.app.state, "materials", NO_PORTS)
    return ports


__all__ = ["NO_PORTS", "MaterialPorts", "find_material_ports"]
