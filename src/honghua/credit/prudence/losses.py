"""Expected credit loss of the whole book: probabilities from its own migrations, a stage for each account, sums that are kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from honghua.credit.core.prudence.stages import (
    LossParameters,
    StageRules,
    default_ppm,
    find_stages,
    loss_curve,
    loss_rate_ppm,
)
from honghua.credit.prudence.positions import Positions
from honghua.credit.viewing.portfolio import BUCKETS, WRITTEN_OFF, list_migrations

HISTORY: Final = dt.timedelta(days=730)
STAGES: Final = (1, 2, 3)
RUNS_MAX: Final = 1_000
DEFAULT_FROM: Final = 4  # the bucket of more than 90 days past due: IFRS 9 B5.5.37
# Monthly moves of unsecured revolving consumer credit between the buckets of `portfolio` and written off; no published source,
# grade U: what a small book leans on until its own migrations outweigh it.
PRIOR: Final = np.array([
    [0.975, 0.025, 0.000, 0.000, 0.000, 0.000],
    [0.700, 0.120, 0.180, 0.000, 0.000, 0.000],
    [0.350, 0.120, 0.130, 0.400, 0.000, 0.000],
    [0.180, 0.050, 0.060, 0.110, 0.600, 0.000],
    [0.030, 0.010, 0.010, 0.010, 0.840, 0.100],
    [0.000, 0.000, 0.000, 0.000, 0.000, 1.000],
])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRules:
    """What expected loss assumes where the book cannot tell. All grade U: configuration of the house.

    prior_accounts: so many accounts a bucket does the prior weigh. months_life: how far lifetime loss looks (revolving lines have no
    contractual end, IFRS 9 5.5.20). eir_year: the effective interest rate, rules.md §2 gives 20.02 % for 0.05 % a day.
    """

    stages: StageRules = field(default_factory=StageRules)
    lgd_ppm: int = 650_000
    conversion_ppm: int = 300_000
    months_life: int = 36
    prior_accounts: int = 500
    eir_year: Fraction = Fraction(2002, 10_000)


@dataclass(frozen=True, slots=True)
class LossLine:
    """One stage and bucket: accounts, claim, open line and expected loss, minor units."""

    stage: int
    bucket: int
    accounts: int
    claim_minor: int
    undrawn_minor: int
    loss_minor: int


@dataclass(frozen=True, slots=True)
class LossRun:
    """Expected loss of the book on a day. migrations: how many moves of accounts taught the probabilities."""

    on: dt.date
    parameters: LossParameters
    migrations: int
    lines: tuple[LossLine, ...]

    @property
    def loss_minor(self) -> int:
        """Of all stages."""
        return sum(line.loss_minor for line in self.lines)


def reckon_losses(conn: psycopg.Connection, positions: Positions, rules: LossRules) -> LossRun:
    """Expected loss of these accounts, summed by stage and bucket. Read only."""
    parameters, migrations = estimate_parameters(conn, rules, on=positions.on)
    return LossRun(positions.on, parameters, migrations, _sum(positions, parameters, rules.stages))


def estimate_parameters(conn: psycopg.Connection, rules: LossRules, *, on: dt.date) -> tuple[LossParameters, int]:
    """Probabilities of default by bucket from two years of the book's own moves from bill to bill, and how many moves there were."""
    moved = np.zeros((WRITTEN_OFF + 1, WRITTEN_OFF + 1), np.int64)
    for migration in list_migrations(conn, since=on - HISTORY, until=on):
        moved += np.array(migration.moved, np.int64)
    moves = loss_curve(moved, PRIOR, prior_accounts=rules.prior_accounts)
    year, life = (
        default_ppm(moves, default_from=DEFAULT_FROM, months=months, eir_year=rules.eir_year)[: len(BUCKETS)]
        for months in (12, rules.months_life)
    )
    parameters = LossParameters(
        pd_year_ppm=year, pd_life_ppm=life, lgd_ppm=rules.lgd_ppm, conversion_ppm=rules.conversion_ppm
    )
    return parameters, int(moved.sum())


def keep_run(conn: psycopg.Connection, run: LossRun, *, now: dt.datetime) -> int:
    """Append a run with its lines; returns its id. The caller's transaction."""
    shares = {
        "pd_year_ppm": list(run.parameters.pd_year_ppm),
        "pd_life_ppm": list(run.parameters.pd_life_ppm),
        "lgd_ppm": run.parameters.lgd_ppm,
        "conversion_ppm": run.parameters.conversion_ppm,
        "migrations": run.migrations,
    }
    row = conn.execute(
        "INSERT INTO credit_loss_run (business_on, parameters, made_at) VALUES (%s, %s, %s) RETURNING run_id",
        [run.on, Jsonb(shares), now],
    ).fetchone()
    assert row is not None, "an insert returns its row"
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO credit_loss_line VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (row[0], one.stage, one.bucket, one.accounts, one.claim_minor, one.undrawn_minor, one.loss_minor)
                for one in run.lines
            ],
        )
    return int(row[0])


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run that was kept: its business date, when it was made, and by stage 1, 2, 3 claim and loss, minor units."""

    on: dt.date
    made_at: dt.datetime
    claim_minor: tuple[int, int, int]
    loss_minor: tuple[int, int, int]


def list_runs(conn: psycopg.Connection, *, limit: int = 60) -> list[KeptRun]:
    """The newest run of each business date, the latest date first."""
    rows = conn.execute(
        "SELECT run.business_on, run.made_at, line.stage, sum(line.claim_minor)::bigint, sum(line.loss_minor)::bigint"
        " FROM (SELECT DISTINCT ON (business_on) * FROM credit_loss_run ORDER BY business_on DESC, run_id DESC LIMIT %s) AS run"
        " LEFT JOIN credit_loss_line AS line USING (run_id) GROUP BY run.business_on, run.made_at, line.stage",
        [min(max(limit, 1), RUNS_MAX)],
    ).fetchall()
    sums: dict[tuple[dt.date, dt.datetime], dict[int, tuple[int, int]]] = {}
    for on, made_at, stage, claim, loss in rows:
        sums.setdefault((on, made_at), {})[stage] = (claim, loss)
    nothing = (0, 0)
    return [
        KeptRun(
            on, made_at, _by_stage(found.get(stage, nothing)[0] for stage in STAGES),
            _by_stage(found.get(stage, nothing)[1] for stage in STAGES),
        )
        for (on, made_at), found in sorted(sums.items(), reverse=True)
    ]  # fmt: skip


def _by_stage(values: Iterable[int]) -> tuple[int, int, int]:
    one, two, three = values
    return one, two, three


def run_as_json(run: LossRun) -> dict[str, Any]:
    """Plain values."""
    return {
        "on": run.on.isoformat(),
        "loss_minor": run.loss_minor,
        "accounts": sum(line.accounts for line in run.lines),
        "claim_minor": sum(line.claim_minor for line in run.lines),
        "pd_year_ppm": list(run.parameters.pd_year_ppm),
        "pd_life_ppm": list(run.parameters.pd_life_ppm),
        "lgd_ppm": run.parameters.lgd_ppm,
        "conversion_ppm": run.parameters.conversion_ppm,
        "migrations": run.migrations,
        "lines": [
            {
                "stage": line.stage,
                "days_past_due": list(BUCKETS[line.bucket]),
                "accounts": line.accounts,
                "claim_minor": line.claim_minor,
                "undrawn_minor": line.undrawn_minor,
                "loss_minor": line.loss_minor,
            }
            for line in run.lines
        ],
    }


def _sum(positions: Positions, parameters: LossParameters, rules: StageRules) -> tuple[LossLine, ...]:
    """Each account's loss is rounded, then summed: the sum is what the accounts say."""
    stages = find_stages(positions.days_past_due, positions.risk_class, positions.is_restructured, rules)
    buckets = np.searchsorted([high for _, high in BUCKETS], positions.days_past_due, side="left")
    lines = []
    for stage in STAGES:
        for bucket in range(len(BUCKETS)):
            mine = (stages == stage) & (buckets == bucket)
            if not mine.any():
                continue
            claim, undrawn = positions.claim_minor[mine], positions.undrawn_minor[mine]
            exposure = claim if stage == 3 else claim + _shares(undrawn, parameters.conversion_ppm)
            loss = _shares(exposure, loss_rate_ppm(stage, bucket, parameters))
            lines.append(
                LossLine(stage, bucket, int(mine.sum()), int(claim.sum()), int(undrawn.sum()), int(loss.sum()))
            )
    return tuple(lines)


def _shares(amounts: NDArray[np.int64], ppm: int) -> NDArray[np.int64]:
    """`share_half_up` of each amount: whole millions apart from the rest, so that no product leaves int64."""
    whole, rest = np.divmod(amounts, 1_000_000)
    shares: NDArray[np.int64] = whole * ppm + (rest * ppm + 500_000) // 1_000_000
    return shares


__all__ = [
    "KeptRun",
    "LossLine",
    "LossRules",
    "LossRun",
    "estimate_parameters",
    "keep_run",
    "list_runs",
    "reckon_losses",
    "run_as_json",
]
