"""What other cores may use of the journal: the chart of components and the batch that `post_entries` takes."""

from __future__ import annotations

from honghua.ledger.core.chart import (
    COMPONENTS,
    OWNER_ID_MAX,
    Component,
    OwnerKind,
    account_key,
    component_of,
    owner_of,
    title_of,
)
from honghua.ledger.core.entries import AMOUNT_MAX, EntryBatch, entry_batch

__all__ = [
    "AMOUNT_MAX",
    "COMPONENTS",
    "OWNER_ID_MAX",
    "Component",
    "EntryBatch",
    "OwnerKind",
    "account_key",
    "component_of",
    "entry_batch",
    "owner_of",
    "title_of",
]
