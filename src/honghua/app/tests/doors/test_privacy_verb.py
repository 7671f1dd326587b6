"""`honghua privacy reindex`: an operator adds an index key and moves every blind index under it."""

from __future__ import annotations

import datetime as dt
import json

from honghua.app.doors.keys import SECRETS_FILE, load_secrets
from honghua.customers import api as customers
from honghua.store.database import connect, open_database, run_unit

NOW = dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC)
PHONE = "13800001234"


def test_an_index_key_is_added_and_everything_moves_under_it(honghua, settings):
    old = load_secrets(settings)
    with open_database(settings.store) as database, connect(database) as conn:
        customer = run_unit(conn, lambda c: customers.register(c, old.vault, PHONE, now=NOW))
        path = settings.store.state_dir / SECRETS_FILE
        kept = json.loads(path.read_text())
        # Another site's key serves as the next one: it only has to be a key.
        path.write_text(json.dumps({**kept, "index_key": f"1:{kept['index_key']},2:{kept['session_key']}"}))
        told = json.loads(honghua("privacy", "reindex", "--json"))
        assert (told["moved"], told["generation"], told["found"]) == (1, 2, [])
        assert "0 blind indexes moved" in honghua("privacy", "reindex")
        new = load_secrets(settings).vault
        assert customers.find_by_phone(conn, new, PHONE) == customer
        assert customers.find_by_phone(conn, old.vault, PHONE) is None, "the old key alone finds nobody"
