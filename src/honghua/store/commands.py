"""Idempotency: the answer given to a key, remembered in the same transaction as the work that it answers for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput, Conflict
from honghua.store.arrays import Texts, as_int64
from honghua.store.copybin import Bytes, Int8, Jsonb, Text, copy_in

KEY_LENGTH_MAX = 200


CAUSED = """
SELECT command.key, fact.account_id, fact.amount_minor, fact.detail FROM store_fact AS fact
JOIN store_command AS command USING (command_id) WHERE fact.kind = %s AND starts_with(command.key, %s) ORDER BY fact.fact_id
"""


class CausedFact(NamedTuple):
    """A fact with the key of its command."""

    key: str
    account_id: int
    amount_minor: int
    detail: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """What was answered to a key. `body_hash` is sha256 of the request, `answer` the decoded JSON."""

    key: str
    command_id: int
    body_hash: bytes
    answer: Any

    def check_same(self, body_hash_now: bytes) -> StoredCommand:
        """Itself when the repeated request has the same body; raises Conflict when the key came back with another."""
        if self.body_hash != body_hash_now:
            raise Conflict(f"key {self.key!r} was used before for another request", code="KEY_REUSED")
        return self


def body_hash(body: Mapping[str, Any]) -> bytes:
    """sha256 of the body as canonical JSON (keys sorted, no spaces, UTF-8): the same request gives the same 32 bytes.

    Raises BadInput when the body is no JSON object. Numbers count as written: 1 and 1.0 differ.
    """
    try:
        return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).digest()
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise BadInput(f"the body is not JSON: {error}") from error


def check_keys(keys: Sequence[str]) -> None:
    """Raises BadInput for a missing key, an overlong one, one with a zero byte, or one that stands twice in a batch."""
    for place, key in enumerate(keys, start=1):
        if not key:
            raise BadInput(f"command {place} has no key: a command that moves money needs one", code="KEY_MISSING")
        if len(key) > KEY_LENGTH_MAX or "\0" in key:
            raise BadInput(
                f"command {place}: a key has 1 … {KEY_LENGTH_MAX} characters and no zero byte", code="KEY_INVALID"
            )
    if len(set(keys)) != len(keys):
        raise BadInput("the same key stands twice in one batch", code="KEY_TWICE")


def find_commands(conn: psycopg.Connection, keys: Sequence[str]) -> dict[str, StoredCommand]:
    """The remembered ones among `keys`; the others are absent."""
    if not keys:
        return {}
    rows = conn.execute(
        "SELECT key, command_id, body_hash, answer FROM store_command WHERE key = ANY(%s)", [Texts(keys)], binary=True
    ).fetchall()
    return {key: StoredCommand(key, command_id, bytes(digest), answer) for key, command_id, digest, answer in rows}


def save_commands(
    conn: psycopg.Connection,
    keys: Sequence[str],
    body_hashes: Sequence[bytes],
    answers_json: Sequence[str | bytes],
    command_ids: Sequence[int] | NDArray[np.int64],
) -> None:
    """Remember answers (JSON texts) inside the caller's transaction; parallel sequences.

    Raises BadInput as `check_keys` does; a key that another transaction saved meanwhile raises psycopg's
    UniqueViolation, which `run_unit` cures by running the unit again.
    """
    check_keys(keys)
    assert len(keys) == len(body_hashes) == len(answers_json) == len(command_ids), "parallel sequences of one length"
    if not keys:
        return
    columns = (Text(list(keys)), Int8(as_int64(command_ids)), Bytes(list(body_hashes)), Jsonb(answers_json))
    copy_in(conn, "store_command", ("key", "command_id", "body_hash", "answer"), columns)


def list_answers(conn: psycopg.Connection, prefix: str) -> Iterator[tuple[str, Any]]:
    """(key, answer) of all keys that begin with `prefix`, streamed."""
    with conn.transaction(), conn.cursor(name="answers") as cursor:
        cursor.itersize = 20_000
        cursor.execute("SELECT key, answer FROM store_command WHERE starts_with(key, %s)", [prefix])
        yield from cursor


def sum_answers(conn: psycopg.Connection, prefix: str, amount: str) -> tuple[dict[str, int], int]:
    """(how many answers per outcome, sum of the answers' `amount` field) over all keys that begin with `prefix`."""
    rows = conn.execute(
        "SELECT answer->>'outcome', count(*), coalesce(sum((answer->>%s)::bigint), 0) FROM store_command"
        " WHERE starts_with(key, %s) GROUP BY 1",
        [amount, prefix],
    ).fetchall()
    return {outcome or "": count for outcome, count, _ in rows}, int(sum(total for _, _, total in rows))


def list_caused(conn: psycopg.Connection, kind: int, *, prefix: str) -> list[CausedFact]:
    """Facts of a kind whose command's key begins with `prefix`, in their order."""
    return [CausedFact(*row) for row in conn.execute(CAUSED, [kind, prefix])]
