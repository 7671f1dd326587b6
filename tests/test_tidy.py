"""The tidy rules hold in this tree, and each of them sees a planted sin."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import sql_names, tidy

ROOT = Path(__file__).resolve().parents[1]


def source(text: str, *, path: str = "src/honghua/ledger/api.py") -> tidy.Source:
    return tidy.Source(Path(path), text)


def test_this_tree_is_tidy():
    problems = tidy.check_all(ROOT)
    assert not problems, "\n" + "\n".join(problems)


def tree_with(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return root


def sizes_of(root: Path) -> list[str]:
    return tidy.check_sizes(tidy.measure_sizes(root, tidy.load_sources(root)), {})


@pytest.mark.parametrize(
    ("lines", "decorator", "sin"),
    [(60, "", False), (61, "", True), (100, "@njit(cache=True)\n", False), (101, "@njit(cache=True)\n", True)],
)
def test_function_length(tmp_path, lines, decorator, sin):
    text = f"{decorator}def work(a):\n" + "    a += 1\n" * (lines - 1)
    problems = sizes_of(tree_with(tmp_path, "src/honghua/credit/core/kernels.py", text))
    assert bool(problems) == sin
    assert all("::work: " in problem for problem in problems)


def test_module_length_parameters_and_folder_size(tmp_path):
    tree_with(tmp_path, "src/honghua/credit/long.py", "x = 1\n" * 501)
    tree_with(tmp_path, "src/honghua/credit/wide.py", "class C:\n    def f(self, a, b, c, *, d, e, f, g): ...\n")
    tree_with(tmp_path, "src/honghua/credit/full.py", "class C:\n    def f(self, a, b, c, *, d, e, f): ...\n")
    tree_with(tmp_path, "src/honghua/credit/core/kernels.py", "@njit\ndef f(a, b, c, d, e, f, g): ...\n")
    for number in range(21):
        tree_with(tmp_path, f"src/honghua/store/part{number}.py", "")
    tree_with(tmp_path, "src/honghua/store/__init__.py", "")  # holds a docstring, so it does not count
    assert sizes_of(tmp_path) == [
        "src/honghua/credit/long.py: 501 is over the limit of 500",
        "src/honghua/credit/wide.py::C.f(): 7 is over the limit of 6",
        "src/honghua/store/: 21 is over the limit of 20",
    ]


@pytest.mark.parametrize(
    ("size", "old", "says"),
    [(70, 70, ""), (71, 70, "grew"), (69, 70, "fell from 70 to 69"), (61, None, "over the limit"), (60, None, "")],
)
def test_old_sins_only_fall(size, old, says):
    problems = tidy.check_sizes({"a.py::f": (size, 60)}, {} if old is None else {"a.py::f": old})
    assert (says in problems[0]) if says else not problems


def test_an_old_sin_that_is_gone_leaves_the_list():
    assert tidy.check_sizes({}, {"a.py::f": 70}) == ["a.py::f: is gone; drop it from OLD_SINS"]


def test_names_without_meaning(tmp_path):
    for path in (
        "src/honghua/credit/utils.py",
        "src/honghua/common/x.py",
        "tests/test_helpers.py",
        "src/honghua/ok.py",
    ):
        tree_with(tmp_path, path, "")
    assert len(tidy.check_names(tmp_path)) == 3


def test_imports_stand_at_the_top():
    assert not tidy.check_imports([source("import os\n\ndef f(): return os\n")])
    assert tidy.check_imports([source("def f():\n    if True:\n        from os import path\n")])


@pytest.mark.parametrize(
    "call", ["conn.commit()", "conn.rollback()", 'conn.execute("COMMIT")', 'cursor.execute(" begin")']
)
def test_only_the_edge_ends_transactions(call):
    text = f"def post(conn, cursor):\n    {call}\n"
    assert tidy.check_commits([source(text)])
    assert not tidy.check_commits([source(text, path="src/honghua/store/database.py")])
    assert not tidy.check_commits([source(text, path="src/honghua/ledger/tests/test_api.py")])


def test_doors_and_kernels_have_docstrings():
    assert tidy.check_docstrings([source("def post(): ...\n")])
    assert tidy.check_docstrings([source("@njit\ndef fold(): ...\n", path="src/honghua/credit/core/schedules.py")])
    assert not tidy.check_docstrings([source('def post():\n    """Posts."""\n\ndef _sum(): ...\n')])
    assert not tidy.check_docstrings([source("def post(): ...\n", path="src/honghua/ledger/store.py")])


def test_defaults_are_keyword_only():
    assert tidy.check_defaults([source("def find(ref, limit=3): ...\n")])
    assert not tidy.check_defaults([source("def find(ref, *, limit=3): ...\n\ndef _f(a=1): ...\n")])


def test_a_code_means_one_thing():
    one = source('LOW = Refusal("LIMIT_LOW", "…")\n')
    two = source('def f():\n    return Refusal(code="LIMIT_LOW", sentence="…")\n', path="src/honghua/credit/api.py")
    error = source('class Late(Exception):\n    code = "LIMIT_LOW"\n', path="src/honghua/base/errors.py")
    assert not tidy.check_refusal_codes([one])
    table = source('REFUSALS: Final = {"LIMIT_LOW": ("…", "…")}\n', path="src/honghua/credit/core/refusals.py")
    assert len(tidy.check_refusal_codes([one, two, error, table])) == 3


def test_a_refusal_has_a_sentence():
    table = source('REFUSALS = {"LIMIT_LOW": ("…", "…")}\n')
    assert not tidy.check_refusal_codes(
        [table, source('def f(code):\n    return refusal("LIMIT_LOW"), refusal(code)\n')]
    )
    assert tidy.check_refusal_codes([table, source('def f():\n    return refusal("LIMIT_HIGH", left=1)\n')])


def test_a_room_begins_with_its_docstring_only():
    path = "src/honghua/ledger/__init__.py"
    assert not tidy.check_rooms([source('"""The journal."""\n', path=path)])
    assert tidy.check_rooms([source('"""The journal."""\nfrom honghua.ledger import api\n', path=path)])
    assert tidy.check_rooms([source("", path=path)])


ROOMS = ("ledger", "store", "credit")


def tables(root: Path, room: str, *, python: str = "", sql: str = "") -> list[str]:
    for name in ROOMS:
        (root / "src/honghua" / name / "migrations").mkdir(parents=True, exist_ok=True)
    if sql:
        tree_with(root, f"src/honghua/{room}/migrations/0101_x.sql", sql)
    return sql_names.check_tables(root, [(Path("x.py"), room, ast.parse(python))])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM ledger_entry e JOIN store_fact f ON f.fact_id = e.fact_id",
        "SELECT 1 FROM ledger_entry AS e, store_fact f",
        "SELECT 1 FROM ledger_entry LEFT JOIN store_fact USING (fact_id)",
        "INSERT INTO store_fact (fact_id) SELECT 1",
        "UPDATE store_wish SET state = 1",
        "DELETE FROM ONLY store_wish",
        "COPY store_fact (fact_id) FROM STDIN",
        "SELECT nextval('store_fact_id')",
        "SELECT 1 FROM public.x JOIN store_fact ON true",
    ],
)
def test_sql_stays_in_its_room(tmp_path, statement):
    for python in (f'A = "{statement}"', f'def f(x):\n    return f"{statement} {{x}}"'):
        problems = tables(tmp_path, "ledger", python=python)
        assert problems
        assert all("a table of store" in problem for problem in problems)
        assert not tables(tmp_path, "store", python=python.replace("ledger_entry", "store_fact"))


def test_sql_in_prose_and_by_name(tmp_path):
    assert not tables(tmp_path, "ledger", python='def f():\n    """SELECT 1 FROM store_fact is store\'s own."""\n')
    assert not tables(tmp_path, "ledger", python='A = "SELECT store_body_hash(x) FROM ledger_entry -- FROM store_fact"')
    assert tables(tmp_path, "ledger", python='copy_in(conn, "store_fact", names, columns)')
    assert not tables(tmp_path, "store", python='copy_in(conn, "store_fact", names, columns)')


def test_migrations_keep_their_prefix(tmp_path):
    good = """
    CREATE TABLE IF NOT EXISTS ledger_entry (entry_id bigint); -- not ON store_fact
    CREATE TRIGGER keep BEFORE UPDATE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION store_refuse_change();
    CREATE INDEX ON ledger_entry (entry_id);
    GRANT SELECT, INSERT ON ledger_entry TO honghua_app;
    """
    assert not tables(tmp_path, "ledger", sql=good)
    assert tables(tmp_path, "ledger", sql="CREATE TABLE entry (entry_id bigint);")
    assert tables(tmp_path, "ledger", sql="CREATE OR REPLACE FUNCTION is_zero(a bigint[]) RETURNS boolean …")
    assert tables(
        tmp_path, "ledger", sql="ALTER TABLE ledger_entry ADD FOREIGN KEY (f) REFERENCES store_fact (fact_id);"
    )
    assert tables(tmp_path, "ledger", sql="GRANT SELECT ON ledger_entry, store_fact TO honghua_app;")
