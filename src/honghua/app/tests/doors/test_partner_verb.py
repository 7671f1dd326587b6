"""`honghua partner`: a key is made, shown once, works, and ends."""

from __future__ import annotations

import json

import pytest

from honghua.app.doors.keys import load_secrets
from honghua.store.database import connect, open_database
from honghua.web.api.partners import load_partners
from honghua.web.problems import Trouble


def test_a_partner_is_added_gets_a_second_key_and_is_stopped(honghua, settings):
    made = json.loads(honghua("partner", "add", "书店联盟", "--shop", "书店", "--scope", "purchases", "--json"))
    second = json.loads(honghua("partner", "key", "书店联盟", "--json"))
    honghua("partner", "shops", "书店联盟", "--shop", "花店")
    honghua("partner", "link", "书店联盟", "李雷")
    with open_database(settings.store) as database, connect(database) as conn:
        vault = load_secrets(settings).vault
        known = load_partners(conn, vault)
        assert known[made["key"]].secret.decode() == made["secret"]
        assert known[second["key"]].merchants == {"书店", "花店"}
        assert json.loads(honghua("partner", "revoke", made["key"], "--json"))["was_there"]
        assert load_partners(conn, vault).keys() == {second["key"]}
        (row,) = json.loads(honghua("partner", "list", "--json"))["partners"]
        assert (row["keys"], row["scopes"]) == ([second["key"]], ["purchases"])
        assert second["secret"] not in honghua("partner", "list")
        honghua("partner", "stop", "书店联盟")
        assert load_partners(conn, vault) == {}
        honghua("partner", "resume", "书店联盟")
        assert load_partners(conn, vault)
        with pytest.raises(Trouble, match="no partner"):
            honghua("partner", "stop", "nobody")
