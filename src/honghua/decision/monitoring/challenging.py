"""Champion against challenger while both judge: who stops more, who loses more; a challenger that is clearly worse is taken out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.decision.core.outcomes import LETS_BUY
from honghua.decision.core.sequential import Compared, Sums, compare_arms
from honghua.decision.monitoring.alerts import Told, raise_alert
from honghua.decision.releases import PURPOSE, Act, Role, activate, find_lineup
from honghua.facts.kinds import FactKind
from honghua.store.facts import find_labelled

THE_WATCH: Final = "the watch over challengers"
SCAN: Final = (
    2_000_000  # numbers of decisions back from the newest: a look costs the same however old the challenger is
)
FRAUD: Final = 1  # the label in a report's first argument; a later report takes an earlier one back

# One row per arm: customers, then the sums over them of stopped orders x in orders n, and of money lost x in money granted n.
ARMS: Final = """
WITH judged AS (
  SELECT n.bundle_id = %(challenger)s AS is_challenger, n.account_id, count(*)::float8 AS orders,
    count(*) FILTER (WHERE n.outcome <> ALL(%(lets)s::smallint[]))::float8 AS stopped, sum(n.amount_minor)::float8 AS granted,
    coalesce(sum(n.amount_minor) FILTER (WHERE n.decision_id = ANY(%(frauds)s::bigint[])), 0)::float8 AS lost
  FROM decision_judged AS n JOIN decision_regime AS r USING (regime_id) JOIN decision_lineup AS l USING (lineup_id)
  WHERE n.decision_id > %(after)s AND l.purpose = %(purpose)s AND l.champion = %(champion)s AND l.challenger = %(challenger)s
  GROUP BY 1, 2
)
SELECT is_challenger, count(*), sum(stopped), sum(orders), sum(stopped * stopped), sum(stopped * orders), sum(orders * orders),
  sum(lost), sum(granted), sum(lost * lost), sum(lost * granted), sum(granted * granted)
FROM judged GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class ChallengerBounds:
    """How much worse a challenger may be before it is taken out: orders stopped and money lost, as differences of shares (0.02 = two
    points). Nothing is concluded of fewer customers. miss: the chance that a challenger as good as the champion is ever taken out."""

    stopped_rise_max: float = 0.02
    loss_rise_max: float = 0.005
    customers_min: int = 200
    miss: float = 0.05


@dataclass(frozen=True, slots=True)
class ChallengerView:
    """A challenger as it stands: customers of champion and challenger, differences challenger − champion, why it is to be taken out."""

    champion: int
    challenger: int
    customers: tuple[int, int]
    stopped: Compared
    lost: Compared
    why: str


NOBODY: Final = Sums(0, 0.0, 0.0, 0.0, 0.0, 0.0)


def view_challenger(
    conn: psycopg.Connection, *, bounds: ChallengerBounds | None = None, purpose: str = PURPOSE
) -> ChallengerView | None:
    """The challenger that judges now beside this champion, over all line-ups of the two, in the newest SCAN decisions; None when there
    is none.

    Money counts as lost from the day its report arrives: both arms wait equally long for theirs.
    """
    lineup, kept = find_lineup(conn, purpose=purpose), bounds or ChallengerBounds()
    if lineup is None or lineup.challenger is None:
        return None
    newest = conn.execute("SELECT coalesce(max(decision_id), 0) FROM decision_judged").fetchone()
    assert newest is not None, "an aggregate has a row"
    after = newest[0] - SCAN
    frauds = find_labelled(conn, kind=FactKind.FRAUD_REPORTED, label=FRAUD, after=after)
    rows = conn.execute(ARMS, {
        "after": after, "frauds": frauds, "lets": [int(one) for one in LETS_BUY], "purpose": purpose,
        "champion": lineup.champion, "challenger": lineup.challenger,
    }).fetchall()  # fmt: skip
    arms = {is_challenger: (Sums(row[0], *row[1:6]), Sums(row[0], *row[6:])) for is_challenger, *row in rows}
    ours, theirs = arms.get(False, (NOBODY, NOBODY)), arms.get(True, (NOBODY, NOBODY))
    alpha = kept.miss / 2  # two questions
    stopped, lost = compare_arms(ours[0], theirs[0], alpha=alpha), compare_arms(ours[1], theirs[1], alpha=alpha)
    customers = ours[0].customers, theirs[0].customers
    why = _say(stopped, lost, kept) if min(customers) >= kept.customers_min else ""
    return ChallengerView(lineup.champion, lineup.challenger, customers, stopped, lost, why)


def _say(stopped: Compared, lost: Compared, bounds: ChallengerBounds) -> str:
    told = [
        f"{name} {found.mid * 100:+.2f} points [{found.low * 100:+.2f}, {found.high * 100:+.2f}] against the champion"
        for name, found, most in (
            ("it stops", stopped, bounds.stopped_rise_max),
            ("it loses", lost, bounds.loss_rise_max),
        )
        if found.low > most
    ]
    return "; ".join(told)


def stop_challenger(
    conn: psycopg.Connection, *, now: dt.datetime, bounds: ChallengerBounds | None = None, purpose: str = PURPOSE
) -> ChallengerView | None:
    """Take a challenger out that is clearly worse than its bounds, and tell people, in the caller's transaction; returns what was seen.

    Its customers are the champion's again from the next batch on. Nobody else's work: whoever wants it back activates it again.
    """
    view = view_challenger(conn, bounds=bounds, purpose=purpose)
    if view is None or not view.why:
        return view
    activate(conn, view.challenger, Act(THE_WATCH, view.why), role=Role.NONE, purpose=purpose)
    key = f"{view.champion}:{view.challenger}:{now.isoformat()}"
    sentence = f"release {view.challenger} was taken out: {view.why}"
    raise_alert(conn, Told("challenger", key, f"release {view.challenger}", sentence, now), now=now)
    return view


__all__ = ["ChallengerBounds", "ChallengerView", "stop_challenger", "view_challenger"]
