"""The server and scratch databases of `honghua.conftest`, for tests that cross rooms."""

from __future__ import annotations

from honghua.conftest import conn, database, module_database, owner_conn, store_settings

__all__ = ["conn", "database", "module_database", "owner_conn", "store_settings"]
