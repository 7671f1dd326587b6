"""`honghua bureau …` on a book with a month to file."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial

import pytest

from honghua.app.filing.positions import read_newest_positions
from honghua.base.errors import BadInput
from honghua.bureau import api as bureau
from honghua.bureau.core.filing import read_file
from honghua.credit import api as credit
from honghua.credit.eod import close_until
from honghua.store.database import connect, open_database, run_unit

NOW = dt.datetime(2026, 2, 2, 4, tzinfo=dt.UTC)
JANUARY = dt.date(2026, 1, 1)


@pytest.fixture
def account_id(honghua, settings):
    """Li Lei buys in January; February has begun and January is filed."""
    honghua("account", "open", "李雷", "--limit", "5000", "--start", "2026-01-01")
    honghua("account", "buy", "李雷", "123.40", "--merchant", "书店", "--key", "k1")
    with open_database(settings.store) as database, connect(database) as conn:
        close_until(database, dt.date(2026, 2, 2))
        registry = credit.open_registry(conn)
        ids = list(credit.find_account_ids(conn, ["李雷"]).values())
        positions = read_newest_positions(conn, registry, JANUARY, ids)
        products = bureau.load_products()
        run_unit(
            conn, partial(bureau.report_positions, positions=positions, products=products, consented={"李雷"}, now=NOW)
        )
    return ids[0]


def test_run_files_report_object_answer(honghua, settings, account_id, tmp_path):
    said = json.loads(honghua("bureau", "run", "--json"))["run"]["told"]
    assert said.startswith("2026-01: 1 unchanged; ")
    (file,) = json.loads(honghua("bureau", "files", "--out", tmp_path, "--json"))["files"]
    header, rows, problems = read_file((tmp_path / file["file"]).read_bytes())
    assert (header.month, len(rows), problems) == (JANUARY, 1, [])
    shown = json.loads(honghua("bureau", "report", "李雷", "--json"))["report"]
    assert shown["report"]["summary"]["used_minor"] == 12_340
    assert "123.40" in honghua("bureau", "report", "李雷")
    with open_database(settings.store) as database, connect(database) as conn:
        made = run_unit(
            conn,
            lambda c: bureau.open_objection(
                c, "李雷", kind=bureau.ObjectionKind.RECORD, said="不是我", about=(account_id, JANUARY), now=NOW
            ),
        )
    assert isinstance(made, bureau.ObjectionRow)
    (waiting,) = json.loads(honghua("bureau", "objections", "--json"))["objections"]
    assert waiting["objection_id"] == made.objection_id
    words = ("bureau", "answer", str(made.objection_id), "--answer", "已核实")
    with pytest.raises(BadInput, match="No corrected record"):
        honghua(*words, "--outcome", "corrected")
    assert json.loads(honghua(*words, "--outcome", "confirmed", "--json"))["answer"]["outcome"] == "confirmed"
    assert "objections: nothing" in honghua("bureau", "objections")


def test_raw_records_are_for_auditors(honghua, account_id):
    with pytest.raises(BadInput, match="auditors only"):
        honghua("bureau", "raw", "李雷", "--role", "care", "--why", "curious")
    (row,) = json.loads(honghua("bureau", "raw", "李雷", "--role", "auditor", "--why", "audit 7", "--json"))["raw"]
    assert (row["record"]["account_id"], row["version"]) == (account_id, 1)


def test_another_policy_comes_from_a_file(honghua, account_id, tmp_path):
    file = tmp_path / "policies.toml"
    file.write_text("[[policy]]\nname = 'half'\n")
    with pytest.raises(BadInput, match="missing"):
        honghua("bureau", "run", "--policies", str(file))
    file.write_text(
        "[[policy]]\nname = 'trial'\narose_first = 2026-01-01\narose_last = 2026-12-31\namount_most = '1.00'\n"
        "repaid_by = 2026-12-31\n[[policy.display]]\nrepaid_until = 2026-12-31\nmonths_after = 1\n"
    )
    assert "0 items repaired" in honghua("bureau", "run", "--policies", str(file))
