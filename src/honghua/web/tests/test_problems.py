"""The table of errors is whole: every code that can be said has a line, and every error that can be raised has an answer."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import psycopg
import pytest

import honghua
from honghua.base.errors import BadInput, Conflict, HonghuaError, IntegrityBroken, NotFound, TimedOut, WorldFailed
from honghua.credit.core import REFUSALS
from honghua.decision.core import REASONS
from honghua.web import booker, problems
from honghua.web.problems import TABLE, Trouble, problem_of_answer, problem_of_error, status_of, write_problem

WEB = Path(honghua.__file__).parent / "web"


def all_kinds(kind: type[HonghuaError]) -> Iterator[type[HonghuaError]]:
    for child in kind.__subclasses__():
        yield child
        yield from all_kinds(child)


def test_every_refusal_and_every_reason_has_a_line_in_two_languages():
    assert TABLE.keys() >= REFUSALS.keys() | REASONS.keys()
    for code, line in TABLE.items():
        assert line.zh, code
        assert line.en, code
        assert 200 <= line.status < 600, code
    for code in REFUSALS:
        assert 400 <= TABLE[code].status < 500, code
        answer = {"outcome": "refused", "code": code, "sentence": "…", "sentence_en": "…"}
        assert status_of(answer) == TABLE[code].status
        assert status_of({**answer, "decision_id": 7}) == 200  # judged: an answer, not a problem
    for code in REASONS:
        assert 400 <= status_of({"outcome": "refused", "code": code}) < 500


def test_every_class_of_error_has_an_answer_of_its_own():
    for found in pkgutil.walk_packages(honghua.__path__, "honghua."):
        if ".tests" not in found.name and not found.name.endswith(("conftest", "__main__")):
            import_module(found.name)
    base = {BadInput, NotFound, IntegrityBroken, TimedOut, WorldFailed, booker.Overloaded, booker.TooLate}
    assert base <= problems.OF_CLASS.keys()
    for kind in all_kinds(HonghuaError):
        if kind.__module__.startswith("honghua.") and ".tests" not in kind.__module__:
            assert problems.find_class_entry(kind.__new__(kind)).status >= 400
            own = next((one for one in kind.__mro__ if one in problems.OF_CLASS), None)
            assert own is not HonghuaError or kind.code in TABLE, f"{kind} has only the root's line"


def test_every_code_that_the_web_says_stands_in_the_table():
    said: dict[str, str] = {}
    for path in WEB.rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Trouble", "Refused", "Problem"):
                codes = [k.value for k in node.keywords if k.arg == "code"] or node.args[:1]
                said |= {c.value: str(path) for c in codes if isinstance(c, ast.Constant) and isinstance(c.value, str)}
    assert said
    assert not said.keys() - TABLE.keys(), {code: said[code] for code in said.keys() - TABLE.keys()}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadInput("say it otherwise"), 422, "BAD_INPUT"),
        (BadInput("x", code="UNHEARD_OF"), 422, "UNHEARD_OF"),
        (NotFound("nothing", code="STATEMENT_UNKNOWN"), 404, "STATEMENT_UNKNOWN"),
        (TimedOut("?"), 504, "TIMED_OUT"),
        (WorldFailed("disk"), 503, "WORLD_FAILED"),
        (IntegrityBroken("secret detail"), 500, "INTEGRITY_BROKEN"),
        (booker.Overloaded("full", retry_after_s=2.5), 429, "OVERLOADED"),
        (booker.TooLate("late", retry_after_s=1.0), 503, "TOO_LATE"),
        (Trouble("CODE_SPENT", "twice"), 409, "CODE_SPENT"),
    ],
)  # fmt: skip
def test_errors_become_problems(error, status, code):
    problem, told = problem_of_error(error)
    body = write_problem(problem, status=told, request_id="r1")
    assert (told, body["status"], body["code"], body["request_id"]) == (status, status, code, "r1")
    assert body["title"]
    assert body["title_zh"]
    assert body["detail"]
    if status >= 500:
        assert str(error) not in (body["detail"], body["title"])  # what went wrong inside is not told
    status_in_bytes, wait_s, text = problems.problem_bytes(error, request_id="r1")
    assert status_in_bytes == status
    assert code.encode() in text
    assert (wait_s > 0) == (error.retryable or bool(getattr(error, "retry_after_s", 0)))


def test_a_refusal_keeps_what_else_it_says_and_never_overwrites_the_members_of_a_problem():
    answer = {
        "outcome": "refused",
        "code": "QUOTE_CHANGED",
        "sentence": "…",
        "sentence_en": "Changed.",
        "fee_minor": 7,
        "status": 1,
    }
    body = write_problem(problem_of_answer(answer))
    assert (body["fee_minor"], body["status"], body["detail"]) == (7, 409, "Changed.")


def test_what_the_database_says_stays_inside():
    error = Conflict("duplicate key (customer)=(secret)")
    error.__cause__ = psycopg.errors.UniqueViolation("…")
    problem, status = problem_of_error(error)
    assert status == 409
    assert "secret" not in problem.detail
