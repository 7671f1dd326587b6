"""A policy text made into a proposal for this database: its words, and the champion's features and model unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg

from honghua.decision.core.compile import Bundle, compile_bundle
from honghua.decision.core.slots.placing import CREDIT_INPUT, CREDIT_WORD
from honghua.decision.core.vocabulary import Vocabulary
from honghua.decision.releases import Proposal, find_lineup, get_release
from honghua.decision.store_policy import LineupRow, ReleaseRow
from honghua.decision.watching import ensure_first, find_vocabulary


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wrote. reference_ppm, despite: see Proposal. digests: (features, model) of another model than the champion's.

    credit: the digest of the kept model that fills the slot `credit`, which the text reads as `credit_chance`; empty: the champion's, if
    the text reads it.
    """

    name: str
    source: str
    reference_ppm: Mapping[str, int] = field(default_factory=dict)
    despite: str = field(default="")
    digests: tuple[bytes, bytes] | None = field(default=None)
    credit: bytes = field(default=b"")


def prepare_proposal(conn: psycopg.Connection, draft: Draft) -> Proposal:
    """The proposal of a draft; in an empty database the account rules that came with the program judge from here on."""
    champion = get_release(conn, ensure_first(conn).champion)
    digests = draft.digests or (champion.features_digest, champion.model_digest)
    words, credit = find_vocabulary(conn), draft.credit
    bare = Vocabulary(tuple(word for word in words if word.name != CREDIT_INPUT))
    if (
        not credit
        and champion.credit_digest
        and CREDIT_INPUT in compile_bundle(draft.name, draft.source, words).inputs_read
    ):
        credit = champion.credit_digest
    return Proposal(
        draft.name, draft.source, bare.extended([CREDIT_WORD]) if credit else bare, *digests, reference_ppm=draft.reference_ppm,
        despite=draft.despite, credit_digest=credit,
    )  # fmt: skip


def compile_draft(conn: psycopg.Connection, draft: Draft) -> Bundle:
    """The bundle that a draft would be here, to be looked at or backtested; PolicyProblems names every line that is wrong."""
    return prepare_proposal(conn, draft).compile()


def name_role(lineup: LineupRow | None, release_id: int) -> str:
    """What a release does now: champion, challenger, shadow; empty when nothing."""
    if lineup is None:
        return ""
    if release_id == lineup.champion:
        return "champion"
    if release_id == lineup.challenger:
        return "challenger"
    return "shadow" if release_id in lineup.shadows else ""


def find_champion(conn: psycopg.Connection) -> ReleaseRow | None:
    """The release that judges; None where nobody does yet."""
    lineup = find_lineup(conn)
    return None if lineup is None else get_release(conn, lineup.champion)


__all__ = ["Draft", "compile_draft", "find_champion", "name_role", "prepare_proposal"]
