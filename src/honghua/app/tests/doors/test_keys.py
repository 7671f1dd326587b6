"""Keys: from the environment or a file that only its owner may read, made once however many processes begin at once."""

from __future__ import annotations

import base64
import threading

import pytest

from honghua.app.doors.keys import SECRETS_FILE, load_secrets
from honghua.app.settings import load_settings
from honghua.base.errors import BadInput

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
OTHER = base64.urlsafe_b64encode(b"o" * 32).decode()


def settings(folder, **values):
    return load_settings(environment={"HONGHUA_STATE_DIR": str(folder), **values})


def test_made_once_and_found_again(tmp_path):
    folder = tmp_path / "state"
    first = load_secrets(settings(folder))
    assert load_secrets(settings(folder)) == first
    path = folder / SECRETS_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert len({first.session_key, first.index_key, first.field_keys[1]}) == 3
    assert [one.name for one in folder.iterdir()] == [SECRETS_FILE], "nothing unfinished is left"


def test_many_who_begin_at_once_agree(tmp_path):
    got = []
    gate = threading.Barrier(8)

    def run():
        gate.wait()
        got.append(load_secrets(settings(tmp_path)).session_key)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(got)) == 1


def test_a_file_that_others_may_read_is_not_trusted(tmp_path):
    load_secrets(settings(tmp_path))
    (tmp_path / SECRETS_FILE).chmod(0o640)
    with pytest.raises(BadInput, match="chmod 600"):
        load_secrets(settings(tmp_path))


def test_index_keys_are_numbered_without_a_gap(tmp_path):
    given = {"HONGHUA_SESSION_KEY": KEY, "HONGHUA_FIELD_KEYS": f"1:{KEY}"}
    found = load_secrets(settings(tmp_path, **given, HONGHUA_INDEX_KEY=f"2:{OTHER},1:{KEY}"))
    assert (found.index_key, found.earlier_index_keys) == (b"o" * 32, (b"k" * 32,))
    assert found.vault.generation == 2
    for wrong in (f"1:{KEY},3:{OTHER}", f"2:{KEY}", f"1:{KEY},1:{OTHER}", f"1:{KEY},2:short"):
        with pytest.raises(BadInput, match="HONGHUA_INDEX_KEY"):
            load_secrets(settings(tmp_path, **given, HONGHUA_INDEX_KEY=wrong))


def test_the_environment_comes_first_and_needs_no_file(tmp_path):
    given = {"HONGHUA_SESSION_KEY": KEY, "HONGHUA_INDEX_KEY": OTHER, "HONGHUA_FIELD_KEYS": f"1:{KEY}, 2:{OTHER}"}
    found = load_secrets(settings(tmp_path, **given))
    assert found.session_key == b"k" * 32
    assert found.field_keys == {1: b"k" * 32, 2: b"o" * 32}
    assert not (tmp_path / SECRETS_FILE).exists()
    assert KEY not in repr(settings(tmp_path, **given))


@pytest.mark.parametrize(
    "given",
    [
        {"HONGHUA_SESSION_KEY": "short"},
        {"HONGHUA_SESSION_KEY": "钥匙"},
        {"HONGHUA_FIELD_KEYS": KEY},
        {"HONGHUA_FIELD_KEYS": f"0:{KEY}"},
        {"HONGHUA_FIELD_KEYS": f"1:{KEY},1:{OTHER}"},
        {"HONGHUA_FIELD_KEYS": f"32768:{KEY}"},
    ],
)
def test_what_is_no_key_is_said(tmp_path, given):
    with pytest.raises(BadInput) as caught:
        load_secrets(settings(tmp_path, **given))
    assert KEY not in str(caught.value)


def test_settings_of_the_outside():
    with pytest.raises(BadInput):
        load_settings(environment={"HONGHUA_OIDC_ISSUER": "http://id.example", "HONGHUA_OIDC_CLIENT_ID": "x"})
    with pytest.raises(BadInput):
        load_settings(environment={"HONGHUA_OIDC_ISSUER": "https://id.example"})
    with pytest.raises(BadInput):
        load_settings(environment={"HONGHUA_SMS_URL": "http://sms.example"})
    for seconds in ("121", "-1", "x"):
        with pytest.raises(BadInput):
            load_settings(environment={"HONGHUA_READING_SECONDS": seconds})
    with pytest.raises(BadInput):
        load_settings(environment={"HONGHUA_MERCHANTS_REGISTERED_ONLY": "yes"})
    assert load_settings(environment={"HONGHUA_MERCHANTS_REGISTERED_ONLY": "1"}).merchants_registered_only
    assert not load_settings(environment={}).merchants_registered_only
    assert load_settings(environment={}).reading_seconds == 10
    for proxies in ("*", "10.0.0.0/33", "proxy.example"):
        with pytest.raises(BadInput):
            load_settings(environment={"HONGHUA_PROXIES": proxies})
    assert load_settings(environment={"HONGHUA_PROXIES": "10.0.0.1, fd00::/8"}).proxies == "10.0.0.1,fd00::/8"
