"""The door of evidence that customers bring of their own accord: add, judge, read for the purpose agreed to, take back.

`add_…` and `ask_again` keep their own transactions (conn must be idle); everything else works in the caller's.
"""

from __future__ import annotations

from honghua.customers.materials.adding import (
    PER_DAY_MAX,
    Upload,
    Wish,
    add_document,
    add_from_source,
    ask_again,
    expire,
    find_terms,
    get_material,
    settle_material,
    withdraw,
)
from honghua.customers.materials.fakes import FakeDocumentReader, FakeMaterialSource, issue_document
from honghua.customers.materials.port import Document, DocumentReader, MaterialRequest, MaterialSource
from honghua.customers.materials.reading import (
    MaterialView,
    find_evidence,
    find_state,
    list_said,
    list_views,
    overlay,
    read_for_review,
)
from honghua.customers.materials.store import MaterialRow, list_accepted, list_in_state, list_over, list_waiting
from honghua.customers.materials.terms import load_materials, read_materials

__all__ = [
    "PER_DAY_MAX",
    "Document",
    "DocumentReader",
    "FakeDocumentReader",
    "FakeMaterialSource",
    "MaterialRequest",
    "MaterialRow",
    "MaterialSource",
    "MaterialView",
    "Upload",
    "Wish",
    "add_document",
    "add_from_source",
    "ask_again",
    "expire",
    "find_evidence",
    "find_state",
    "find_terms",
    "get_material",
    "issue_document",
    "list_accepted",
    "list_in_state",
    "list_over",
    "list_said",
    "list_views",
    "list_waiting",
    "load_materials",
    "overlay",
    "read_for_review",
    "read_materials",
    "settle_material",
    "withdraw",
]
