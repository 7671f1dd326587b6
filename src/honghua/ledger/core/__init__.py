"""What other cores may use of the journal: the chart of components and the batch that `post_entries` takes."""

from __future__ import annotations

from honghua.ledger.core.chart import (
    CLAIM,
    COLUMNS,
    COMPONENTS,
    OWNER_ID_MAX,
    Component,
    Group,
    OwnerKind,
    Title,
    account_key,
    account_keys,
    component_of,
    owner_of,
    title_of,
)
from honghua.ledger.core.entries import AMOUNT_MAX, EntryBatch, check_batch, entry_batch

__all__ = [
    "AMOUNT_MAX",
    "CLAIM",
    "COLUMNS",
    "COMPONENTS",
    "OWNER_ID_MAX",
    "Component",
    "EntryBatch",
    "Group",
    "OwnerKind",
    "Title",
    "account_key",
    "account_keys",
    "check_batch",
    "component_of",
    "entry_batch",
    "owner_of",
    "title_of",
]
