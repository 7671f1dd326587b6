"""Releases: a policy is proposed by one person, approved by another, and activated; what judges now is the newest line-up.

Every act is a numbered change with person and reason, in the caller's transaction. Running engines see it at their next batch
(`watching.Watch`): nothing is restarted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import msgspec
import psycopg

from honghua.base.errors import BadInput, Conflict, IntegrityBroken, NotFound
from honghua.base.people import fold_name
from honghua.decision import kept_models, store_judged
from honghua.decision import store_policy as store
from honghua.decision.core.compile import Bundle, Digests, compile_bundle, compile_stored
from honghua.decision.core.experiment import PPM
from honghua.decision.core.guarding import find_leaks
from honghua.decision.core.slots.placing import CREDIT, CREDIT_INPUT
from honghua.decision.core.vocabulary import ARM_PREFIX, LIST_PREFIX, Vocabulary, read_vocabulary, vocabulary_bytes
from honghua.decision.slots.kept import find_ungiven, get_slot_model
from honghua.decision.store_policy import Change, LineupRow, ReleaseRow

PURPOSE: Final = "purchase"
NAME_LENGTH_MAX: Final = 200
SHADOWS_MAX: Final = 8
RELEASES_MAX: Final = 2**15 - 1  # numbers are smallints
AUTHORS: Final = "the authors of Honghua"
RELEASERS: Final = "the release of Honghua"


class Role(StrEnum):
    """champion: judges · challenger: judges a share of the customers · shadow: is asked, not heard · none: leaves the line-up."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    SHADOW = "shadow"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, and why: without both nothing is changed."""

    person: str
    why: str

    def __post_init__(self) -> None:
        for name, text in (("a name", self.person), ("a reason", self.why)):
            if not text.strip():
                raise BadInput(f"every change of policy carries {name}", code="PERSON_OR_REASON_MISSING")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A policy to be released: its text and what it was made against. reference_ppm: rule → what it refused in the backtest.

    despite: why its models may judge although their batteries say no; the proposer answers for them by name.
    credit_digest: the kept model that fills the slot `credit`, which the text then reads as `credit_chance`.
    """

    name: str
    source: str
    vocabulary: Vocabulary
    features_digest: bytes = b""
    model_digest: bytes = b""
    lists_digest: bytes = b""
    reference_ppm: Mapping[str, int] = field(default_factory=dict)
    despite: str = field(default="")
    credit_digest: bytes = field(default=b"")

    def compile(self) -> Bundle:
        """The bundle; PolicyProblems names every line that is wrong. The vocabulary is taken as it will be stored."""
        stored = read_vocabulary(vocabulary_bytes(self.vocabulary))
        digests = Digests(self.features_digest, self.model_digest, self.lists_digest, self.credit_digest)
        return compile_bundle(self.name, self.source, stored, digests=digests)


def propose(conn: psycopg.Connection, proposal: Proposal, act: Act) -> ReleaseRow:
    """Store a policy that passes the static checks; it judges nothing until another person approves it."""
    if not proposal.name.strip() or len(proposal.name) > NAME_LENGTH_MAX or "\0" in proposal.name:
        raise BadInput(f"a policy has a name of 1 … {NAME_LENGTH_MAX} characters", code="NAME_INVALID")
    bundle = proposal.compile()
    unknown = sorted(name for name in proposal.reference_ppm if bundle.find_rule(name) is None)
    if unknown or not all(0 <= ppm <= PPM for ppm in proposal.reference_ppm.values()):
        named = f"no such rule: {', '.join(unknown)}" if unknown else "shares are 0 … 1,000,000 ppm"
        raise BadInput(f"the brake's reference is rule → ppm; {named}", code="REFERENCE_INVALID")
    _check_slot(conn, bundle)
    for digest in (proposal.model_digest, proposal.credit_digest):
        if proposal.despite.strip() and digest:
            _answer_for_model(conn, digest, proposal.despite, act)
        kept_models.check_examined(conn, digest)
    return _insert(conn, bundle, proposal, act, built_in=False)


def _check_slot(conn: psycopg.Connection, bundle: Bundle) -> None:
    """A text that reads the slot has a model for it that is kept, and a model is read."""
    is_read = CREDIT_INPUT in bundle.inputs_read
    if is_read and not bundle.credit_digest:
        raise BadInput(f"the text reads {CREDIT_INPUT}, and no model fills the slot {CREDIT}", code="SLOT_EMPTY")
    if bundle.credit_digest:
        if not is_read:
            raise BadInput(f"a model fills the slot {CREDIT}, and the text reads no {CREDIT_INPUT}", code="SLOT_UNREAD")
        get_slot_model(conn, bundle.credit_digest)


def _answer_for_model(conn: psycopg.Connection, digest: bytes, despite: str, act: Act) -> None:
    """Write down who lets a model judge that did not pass, and why; nothing where it did pass."""
    problems = kept_models.find_problems(conn, digest)
    if problems:
        change_id = store.add_change(
            conn, action="answer for model", subject=digest.hex()[:16], person=act.person, why=despite
        )
        store_judged.insert_waiver(conn, change_id, digest, problems)


def find_waiver(conn: psycopg.Connection, row: ReleaseRow) -> tuple[str, str] | None:
    """(person, why) when a model of a release judges on somebody's word, not on its battery."""
    for digest in (row.model_digest, row.credit_digest):
        if digest and kept_models.find_problems(conn, digest):
            return store_judged.find_waiver(conn, digest)
    return None


def _insert(conn: psycopg.Connection, bundle: Bundle, proposal: Proposal, act: Act, *, built_in: bool) -> ReleaseRow:
    change_id = store.add_change(
        conn, action="propose", subject=bundle.digest.hex()[:16], person=act.person, why=act.why
    )
    known = store.find_release_id(conn, bundle.digest)
    if known is not None:
        raise Conflict(f"this policy is already release {known}: same name, text and inputs", code="RELEASE_KNOWN")
    body = (
        proposal.source, vocabulary_bytes(proposal.vocabulary).decode(), proposal.features_digest, proposal.model_digest,
        proposal.lists_digest, proposal.credit_digest,
        msgspec.json.encode(dict(proposal.reference_ppm), order="sorted").decode(), act.person, built_in,
    )  # fmt: skip
    release_id = store.insert_release(conn, change_id, name=proposal.name, digest=bundle.digest, body=body)
    return get_release(conn, release_id)


def get_release(conn: psycopg.Connection, release_id: int) -> ReleaseRow:
    """One release; NotFound when there is none of that number."""
    rows = store.list_releases(conn, ids=[release_id]) if 0 <= release_id <= RELEASES_MAX else []
    if not rows:
        raise NotFound(f"no release {release_id}; `honghua release status` lists them", code="RELEASE_UNKNOWN")
    return rows[0]


def list_releases(conn: psycopg.Connection) -> list[ReleaseRow]:
    """All releases by number."""
    return store.list_releases(conn, ids=None)


def recompile(row: ReleaseRow) -> Bundle:
    """The bundle of a stored release; IntegrityBroken when the stored text does not make what its digest names."""
    bundle = compile_stored(
        row.name, row.source, read_vocabulary(row.vocabulary.encode()),
        Digests(row.features_digest, row.model_digest, row.lists_digest, row.credit_digest),
    )  # fmt: skip
    if bundle.digest != row.digest:
        raise IntegrityBroken(f"release {row.release_id} is not what its digest {row.digest.hex()[:16]} names")
    return bundle


def check_stored(row: ReleaseRow) -> None:
    """PolicyProblems when a stored text does not pass the checks of today."""
    vocabulary = read_vocabulary(row.vocabulary.encode())
    compile_bundle(row.name, row.source, vocabulary)


def review(
    conn: psycopg.Connection, release_id: int, act: Act, *, approved: bool, digest: str | None = None
) -> ReleaseRow:
    """Approve or turn down. Refused: the author's own approval, a text that no longer passes the checks, another digest.

    digest: the beginning (hex, at least 8) of the digest that the reviewer looked at.
    """
    row = get_release(conn, release_id)
    bundle = recompile(row)
    if approved:
        check_stored(row)
    if approved and fold_name(row.author) == fold_name(act.person):
        raise Conflict(f"{act.person} made release {release_id}: somebody else must approve it", code="SAME_PERSON")
    if digest is not None and (len(digest) < 8 or not bundle.digest.hex().startswith(digest.lower())):
        raise Conflict(
            f"release {release_id} has the digest {bundle.digest.hex()[:16]}…, not {digest}…", code="DIGEST_DIFFERS"
        )
    action = "approve" if approved else "reject"
    change_id = store.add_change(conn, action=action, subject=f"release {release_id}", person=act.person, why=act.why)
    store.insert_review(conn, change_id, release_id, reviewer=act.person, approved=approved, digest=bundle.digest)
    return get_release(conn, release_id)


def find_lineup(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> LineupRow | None:
    """Who judges now."""
    return store.find_lineup(conn, purpose)


def find_readers(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> dict[str, tuple[int, ...]]:
    """The releases that judge now, or are asked, by the lists that they read."""
    lineup = store.find_lineup(conn, purpose)
    if lineup is None:
        return {}
    found: dict[str, tuple[int, ...]] = {}
    for number in sorted({*lineup.judging, *lineup.shadows}):
        for name in recompile(get_release(conn, number)).lists:
            found[name] = (*found.get(name, ()), number)
    return found


def activate(
    conn: psycopg.Connection, release_id: int, act: Act, *, role: Role, share_ppm: int = 0, purpose: str = PURPOSE
) -> LineupRow:
    """Give an approved release a role from the next batch on; a challenger judges `share_ppm` of the customers."""
    row = get_release(conn, release_id)
    if role is not Role.NONE and not row.approved:
        raise Conflict(f"release {release_id} is not approved", code="NOT_APPROVED")
    if (role is Role.CHALLENGER) != (0 < share_ppm < PPM):
        raise BadInput("a challenger, and only a challenger, has a share between 0 and 1", code="SHARE_INVALID")
    change_id = _begin(conn, act, "activate", f"release {release_id} as {role.value} for {purpose}")
    current = store.find_lineup(conn, purpose)
    if role is not Role.NONE:
        _check_fits(conn, row, role, current)
    lineup = _seat(current, release_id, role, share_ppm)
    if len(lineup.shadows) > SHADOWS_MAX:
        raise BadInput(f"at most {SHADOWS_MAX} shadows", code="TOO_MANY_SHADOWS")
    lineup = replace(lineup, lineup_id=change_id, restores=None)
    if current is not None and replace(current, lineup_id=change_id, restores=None) == lineup:
        raise Conflict(f"release {release_id} has that role already", code="NOTHING_CHANGES")
    _check_approved(conn, lineup)
    store.insert_lineup(conn, purpose, lineup)
    return lineup


def _check_approved(conn: psycopg.Connection, lineup: LineupRow) -> None:
    """The last word on everybody in a line-up is yes; the database holds this too, in fewer words."""
    for row in store.list_releases(conn, ids=[*lineup.judging, *lineup.shadows]):
        if not row.approved:
            raise Conflict(
                f"release {row.release_id} is not approved any more ({row.reviewer}: {row.reviewed_why}): have it approved again,"
                " take it out with --as none, or activate another champion", code="NOT_APPROVED",
            )  # fmt: skip


def _check_fits(conn: psycopg.Connection, row: ReleaseRow, role: Role, current: LineupRow | None) -> None:
    """Refuse what engines at work could not follow: inputs that they do not give, a model that nobody kept."""
    bundle = recompile(row)
    if role in (Role.CHAMPION, Role.CHALLENGER):
        _check_guarded(row)
    given = store_judged.find_inputs(conn)
    own = [n for n in bundle.inputs if not n.startswith((LIST_PREFIX, ARM_PREFIX)) and n != CREDIT_INPUT]
    lacking = [name for name in own if name not in given]
    if given and lacking:
        raise Conflict(
            f"release {row.release_id} reads {', '.join(lacking)}, which the engine at work does not give",
            code="INPUTS_UNKNOWN",
        )
    if row.model_digest and not store_judged.has_model(conn, row.model_digest):
        raise Conflict(f"model {row.model_digest.hex()[:16]} is not kept: save it first", code="MODEL_NOT_KEPT")
    kept_models.check_examined(conn, row.model_digest)
    if row.credit_digest:
        _check_credit(conn, row)
    if (
        role is Role.CHAMPION
        or current is None
        or row.model_digest in (b"", get_release(conn, current.champion).model_digest)
    ):
        return
    unsensed = kept_models.find_unsensed(conn, row.model_digest)
    champion = get_release(conn, current.champion).model_digest
    if role is Role.CHALLENGER and not champion:
        raise Conflict("the champion judges without a model: let this one be a shadow first", code="MODEL_DIFFERS")
    if role is Role.CHALLENGER and unsensed:
        raise Conflict(
            f"the model of release {row.release_id} reads {len(unsensed)} values that the engine at work does not sense"
            f" ({', '.join(unsensed[:3])} …): it can be a shadow, which learns beside, or become champion",
            code="VALUES_UNSENSED",
        )
    if unsensed and not kept_models.may_learn_beside(conn, champion, row.model_digest):
        raise Conflict(
            f"the model of release {row.release_id} reads {len(unsensed)} values that the engine at work does not sense"
            f" ({', '.join(unsensed[:3])} …), and no engine can sense for both: it can only become champion, which builds"
            " the engine anew from the facts",
            code="VALUES_UNSENSED",
        )


def _check_credit(conn: psycopg.Connection, row: ReleaseRow) -> None:
    """Its credit model is examined, and reads what engines at work give."""
    kept_models.check_examined(conn, row.credit_digest)
    ungiven = find_ungiven(conn, row.credit_digest)
    if ungiven:
        raise Conflict(
            f"the credit model of release {row.release_id} reads {len(ungiven)} columns that the engine at work does not give"
            f" ({', '.join(ungiven[:3])} …)",
            code="VALUES_UNSENSED",
        )


def find_unguarded(row: ReleaseRow) -> tuple[str, ...]:
    """Codes of the account's own rules (status, arrears, purpose, the largest amount) that a release would not always keep."""
    return find_leaks(recompile(row), read_vocabulary(row.vocabulary.encode()))


def _check_guarded(row: ReleaseRow) -> None:
    leaks = find_unguarded(row)
    if leaks:
        raise Conflict(
            f"release {row.release_id} would let accounts buy that may not: it does not always refuse with {', '.join(leaks)};"
            " begin its hard_deny lane with the rules that `honghua policy show` prints of account-rules, or let it be a shadow",
            code="POLICY_UNGUARDED",
        )


def _seat(current: LineupRow | None, release_id: int, role: Role, share_ppm: int) -> LineupRow:
    if current is None:
        if role is not Role.CHAMPION:
            raise Conflict("nobody judges yet: activate a champion first", code="NO_CHAMPION")
        return LineupRow(0, release_id, None, 0, (), None)
    shadows = tuple(shadow for shadow in current.shadows if shadow != release_id)
    challenger = None if current.challenger == release_id else current.challenger
    lineup = replace(
        current, shadows=shadows, challenger=challenger, challenger_ppm=current.challenger_ppm if challenger else 0
    )
    if role is Role.CHAMPION:
        return replace(lineup, champion=release_id)
    if current.champion == release_id:
        raise Conflict("this is the champion: activate another champion instead", code="IS_CHAMPION")
    if role is Role.CHALLENGER:
        return replace(lineup, challenger=release_id, challenger_ppm=share_ppm)
    return replace(lineup, shadows=(*shadows, release_id)) if role is Role.SHADOW else lineup


def restore_previous(conn: psycopg.Connection, act: Act, *, purpose: str = PURPOSE) -> LineupRow:
    """Roll back: the line-up before the present one judges again. Twice goes back two steps."""
    change_id = _begin(conn, act, "rollback", purpose)
    current = store.find_lineup(conn, purpose)
    previous = None if current is None else _find_previous(conn, current, purpose)
    if previous is None:
        raise Conflict("there is no earlier line-up to go back to", code="NOTHING_BEFORE")
    lineup = replace(previous, lineup_id=change_id, restores=previous.lineup_id)
    _check_approved(conn, lineup)
    store.insert_lineup(conn, purpose, lineup)
    return lineup


def _find_previous(conn: psycopg.Connection, current: LineupRow, purpose: str) -> LineupRow | None:
    """The line-up before the one that stands: what a rollback stands for is the line-up that it restored."""
    origin = current.restores or current.lineup_id
    previous = store.find_lineup(conn, purpose, before=origin)
    if previous is None or previous.restores is None:
        return previous
    return store.get_lineup(conn, previous.restores)


def _begin(conn: psycopg.Connection, act: Act, action: str, subject: str) -> int:
    return store.add_change(conn, action=action, subject=subject, person=act.person, why=act.why)


def list_changes(conn: psycopg.Connection, *, limit: int) -> list[Change]:
    """The newest acts, newest first."""
    return store.list_changes(conn, limit=limit)


def ensure_first_release(conn: psycopg.Connection, proposal: Proposal, *, purpose: str = PURPOSE) -> LineupRow:
    """Who judges now; where nobody does, the policy that came with the program: written and released by its authors."""
    current = store.find_lineup(conn, purpose)
    if current is not None:
        return current
    conn.execute(store.LOCK)
    current = store.find_lineup(conn, purpose)
    if current is not None:
        return current
    bundle = proposal.compile()
    made = Act(AUTHORS, "the policy that came with the program")
    release_id = store.find_release_id(conn, bundle.digest)
    if release_id is None:
        release_id = _insert(conn, bundle, proposal, made, built_in=True).release_id
    checked = Act(RELEASERS, "its tests passed")
    change_id = _begin(conn, checked, "approve", f"release {release_id}")
    store.insert_review(conn, change_id, release_id, reviewer=RELEASERS, approved=True, digest=bundle.digest)
    return activate(conn, release_id, checked, role=Role.CHAMPION, purpose=purpose)
