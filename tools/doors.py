"""Our own import contract: who comes from another room enters by a door (STYLE §3)."""

from __future__ import annotations

from typing import cast

import grimp
from importlinter import Contract, ContractCheck, fields, output


class Doors(Contract):
    """A foreign import ends at one of the target room's doors.

    root             the package whose children are the rooms
    doors            what any other room may import of a room, e.g. `api` and `core` (the package, not what lies in it)
    part_doors       what any other room may import of a part of a large room: credit.prudence.api
    open_contexts    rooms without doors: all of them may be imported
    wiring_contexts  rooms that put the others together; they may use `wiring_doors` too
    """

    type_name = "doors"

    root = fields.StringField()
    doors = fields.SetField(subfield=fields.StringField())
    part_doors = fields.SetField(subfield=fields.StringField(), required=False, default=set())
    open_contexts = fields.SetField(subfield=fields.StringField(), required=False, default=set())
    wiring_contexts = fields.SetField(subfield=fields.StringField(), required=False, default=set())
    wiring_doors = fields.SetField(subfield=fields.StringField(), required=False, default=set())

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001  the library's signature
        """Look at every direct import between two rooms."""
        broken = [
            (importer, imported, detail["line_number"])
            for importer in sorted(graph.modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not self._is_allowed(importer, imported)
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that climbs in by the window."""
        doors = " or ".join(sorted(_names(self.doors)))
        for importer, imported, line in check.metadata["broken"]:
            output.print_error(f"- {importer} (l.{line}) imports {imported}, which is no door ({doors})", bold=False)
        output.new_line()

    def _is_allowed(self, importer: str, imported: str) -> bool:
        root = f"{self.root}."
        if not (importer.startswith(root) and imported.startswith(root)):
            return True
        visitor = importer.removeprefix(root).partition(".")[0]
        host, _, inside = imported.removeprefix(root).partition(".")
        if visitor == host or host in _names(self.open_contexts):
            return True
        wiring = _names(self.wiring_doors) if visitor in _names(self.wiring_contexts) else set()
        part, _, door = inside.partition(".")
        return inside in _names(self.doors) | wiring or (
            door in _names(self.part_doors) and part not in _names(self.doors)
        )


def _names(value: object) -> set[str]:
    return cast("set[str]", value)  # on an instance, import-linter has replaced the field by its value
