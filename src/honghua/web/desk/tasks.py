"""What takes longer than a page may: run in a thread of this process, its progress and result rows that every process can show."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg

from honghua.base.errors import Conflict, HonghuaError
from honghua.web.ground import Site

AT_ONCE: Final = 2  # in one process: decisions come first
RUNNING_MAX: Final = 6  # in all processes
SILENT: Final = dt.timedelta(minutes=2)  # a task that says nothing for so long has died with its process
BEAT: Final = dt.timedelta(seconds=1)
ERROR_CHARS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class Task:
    """One task as it stands. is_dead: it says it runs, and nobody has heard of it for long."""

    task_id: int
    kind: str
    subject: str
    person: str
    wanted: dict[str, Any]
    state: str
    done: int
    whole: int
    told: str
    result: dict[str, Any] | None
    error: str | None
    began_at: dt.datetime
    beat_at: dt.datetime
    ended_at: dt.datetime | None

    def is_dead(self, now: dt.datetime) -> bool:
        """Whether whoever ran it is gone."""
        return self.state == "running" and now - self.beat_at > SILENT


Tell = Callable[[int, int, str], None]
"""(done, whole, words): how far it is."""
Work = Callable[[psycopg.Connection, Tell], dict[str, Any]]


class Tasks:
    """Runs work of the desk. One per process; `stop` waits for what is under way."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="desk")
        self._lock = threading.Lock()

    def start(self, kind: str, subject: str, person: str, wanted: dict[str, Any], work: Work) -> int:
        """Begin; the number of the task. Conflict when the same is running already or too much is."""
        with self._lock, self.site.pool.connection() as conn, conn.transaction():
            now = self.site.clock.now()
            conn.execute("SELECT pg_advisory_xact_lock(hashtext('web_desk_task'))")
            running = conn.execute(
                "SELECT kind, subject FROM web_desk_task WHERE state = 'running' AND beat_at > %s", [now - SILENT]
            ).fetchall()
            if (kind, subject) in running:
                raise Conflict(f"{kind} of {subject} is under way already", code="TASK_RUNS")
            if len(running) >= RUNNING_MAX:
                raise Conflict(f"{RUNNING_MAX} tasks are under way: wait for one to end", code="TASKS_TOO_MANY")
            row = conn.execute(
                "INSERT INTO web_desk_task (kind, subject, person, wanted, began_at, beat_at)"
                " VALUES (%s, %s, %s, %s, %s, %s) RETURNING task_id",
                [kind, subject, person, msgspec.json.encode(wanted).decode(), now, now],
            ).fetchone()
            assert row is not None
        task_id = int(row[0])
        self._pool.submit(self._run, task_id, work)
        return task_id

    def stop(self) -> None:
        """Take nothing more, and wait."""
        self._pool.shutdown(wait=True)

    def _run(self, task_id: int, work: Work) -> None:
        try:
            with self.site.pool.connection() as conn:
                result = work(conn, self._teller(task_id))
            self._end(task_id, "done", msgspec.json.encode(result).decode(), None)
        except HonghuaError as error:
            self._end(task_id, "failed", None, f"{error} [{error.code}]")
        except Exception as error:  # a bug in one task must be told to whoever waits for it, and end nothing else
            self._end(task_id, "failed", None, f"{type(error).__name__}: {error}")

    def _teller(self, task_id: int) -> Tell:
        last: list[dt.datetime] = []

        def tell(done: int, whole: int, words: str) -> None:
            now = self.site.clock.now()
            if last and now - last[-1] < BEAT:
                return
            last[:] = [now]
            with self.site.pool.connection() as conn:
                conn.execute(
                    "UPDATE web_desk_task SET done = %s, whole = %s, told = %s, beat_at = %s WHERE task_id = %s",
                    [done, whole, words, now, task_id],
                )

        return tell

    def _end(self, task_id: int, state: str, result: str | None, error: str | None) -> None:
        now = self.site.clock.now()
        with self.site.pool.connection() as conn:
            conn.execute(
                "UPDATE web_desk_task SET state = %s, result = %s, error = %s, ended_at = %s, beat_at = %s WHERE task_id = %s",
                [state, result, None if error is None else error[:ERROR_CHARS_MAX], now, now, task_id],
            )


def list_tasks(conn: psycopg.Connection, *, kind: str | None = None, limit: int = 20) -> list[Task]:
    """The newest tasks, of one kind or of all, without their results."""
    rows = conn.execute(
        "SELECT task_id, kind, subject, person, '{}'::jsonb, state, done, whole, told, NULL, error, began_at, beat_at, ended_at"
        " FROM web_desk_task WHERE %(kind)s::text IS NULL OR kind = %(kind)s ORDER BY task_id DESC LIMIT %(limit)s",
        {"kind": kind, "limit": limit},
    )
    return [Task(*row) for row in rows]


def find_task(conn: psycopg.Connection, task_id: int) -> Task | None:
    """One task, whole."""
    row = conn.execute(
        "SELECT task_id, kind, subject, person, wanted, state, done, whole, told, result, error, began_at, beat_at, ended_at"
        " FROM web_desk_task WHERE task_id = %s",
        [task_id],
    ).fetchone()
    return None if row is None else Task(*row)


def tasks_of(state: Any, site: Site) -> Tasks:
    """The runner of an application, made when the first task begins."""
    if not hasattr(state, "desk_tasks"):
        state.desk_tasks = Tasks(site)
    found: Tasks = state.desk_tasks
    return found


__all__ = ["Task", "Tasks", "Tell", "Work", "find_task", "list_tasks", "tasks_of"]
