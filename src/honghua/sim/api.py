"""Use cases of the city: markets as standard parquet, the truth in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from honghua.sim.applicants import Applicants, Drawn, draw_applicants, make_applicants
from honghua.sim.core import Market, MarketPlan, Truth, make_market
from honghua.sim.core.citizens import COURIER, calibration_figures
from honghua.sim.core.draft import Draft, join
from honghua.sim.core.gangs import CrewPlan
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.core.parcels import Proof, Told, make_orders, tell_orders
from honghua.sim.core.plan import FIRST_DAY, CityPlan
from honghua.sim.core.shops import CATEGORIES
from honghua.sim.core.trials import FieldTrial, Offer, TrialLog, TrialPlan, run_trial, show_again, true_effects
from honghua.sim.core.trials.applying import ApplyingPlan, ApplyingTruth, Sessions, make_applications
from honghua.sim.core.trials.applying import Kind as GangKind
from honghua.sim.core.trials.borrowing import (
    FEATURES as BOOK_FEATURES,
)
from honghua.sim.core.trials.borrowing import (
    Book,
    BookPlan,
    Borrowers,
    Effects,
    Period,
    live_period,
    settle_book,
    true_effects_of,
)
from honghua.sim.core.trials.effects import BACK_DAYS, CLEARLY, VISITS_MIN, days_since_first, pairs_of
from honghua.sim.core.trials.months import MONTH_DAYS, NEVER, Lived, Month, keep_limits, live_months
from honghua.sim.core.trials.reminding import (
    ReminderLog,
    ReminderPlan,
    ReminderTrial,
    run_reminder_trial,
    see_reminders,
)
from honghua.sim.drill.day import DrillDay, make_drill_day
from honghua.sim.drill.shape import BEGINS_HOUR, SHAPES
from honghua.sim.drill.tally import BINS, Clockings, Judged, interval, judged_of
from honghua.sim.drill.traffic import BACK_OFF_SECONDS, PATIENCE_SECONDS, Message, Purpose, Traffic, draw_delays
from honghua.sim.driving.actor import TYPOLOGY_NAMES, Actor, is_crime, is_crime_column, typology_of
from honghua.sim.driving.city_actor import CityActor
from honghua.sim.driving.diary import WORDS, Diary, read_diary
from honghua.sim.driving.link import Platform, Wiring, amount_of, hear
from honghua.sim.driving.manners import passes_step_up
from honghua.sim.driving.names import ZONE, Names, name_person
from honghua.sim.driving.screens import Screens
from honghua.sim.event_files import EVENTS_FILE, PEOPLE_FILE, SCHEMA_PAGE, SHOPS_FILE, TRUTH_FILE
from honghua.sim.generation import Made, MakePlan, make_city
from honghua.sim.guards import EngineGuard
from honghua.sim.scene_file import standard_scenes
from honghua.sim.streaming import Pace, Streamed, stream, stream_day
from honghua.sim.trial_files import write_trial, write_trial_truth

CATEGORY_NAMES: Final = tuple(one.name for one in CATEGORIES)


def write_market(market: Market, folder: Path) -> Path:
    """Write what engines may see, one column per column of the schema; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = {name: market.events[:, place] for place, name in enumerate(market.schema.columns)}
    pq.write_table(pa.table(columns), folder / EVENTS_FILE, compression="zstd")
    return folder / EVENTS_FILE


def write_truth(truth: Truth, folder: Path) -> Path:
    """Write the truth row by row beside the events, into a folder that engines do not get; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    names = pa.array([*truth.names, ""])
    columns = {
        "fraud": truth.fraud,
        "typology": names.take(pa.array(truth.typology % len(names))),  # -1 takes the empty last
        "ring": truth.ring,
        "told_at_us": truth.told_at_us,
    }
    pq.write_table(pa.table(columns), folder / TRUTH_FILE, compression="zstd")
    return folder / TRUTH_FILE


__all__ = [
    "BACK_DAYS",
    "BACK_OFF_SECONDS",
    "BEGINS_HOUR",
    "BINS",
    "BOOK_FEATURES",
    "CATEGORY_NAMES",
    "CLEARLY",
    "COURIER",
    "EVENTS_FILE",
    "FIRST_DAY",
    "MONTH_DAYS",
    "NEVER",
    "PATIENCE_SECONDS",
    "PEOPLE_FILE",
    "SCHEMA_PAGE",
    "SHAPES",
    "SHOPS_FILE",
    "TRUTH_FILE",
    "TYPOLOGY_NAMES",
    "VISITS_MIN",
    "WORDS",
    "ZONE",
    "Actor",
    "Applicants",
    "ApplyingPlan",
    "ApplyingTruth",
    "Book",
    "BookPlan",
    "Borrowers",
    "CityActor",
    "CityPlan",
    "Clockings",
    "CrewPlan",
    "Diary",
    "Draft",
    "Drawn",
    "DrillDay",
    "Effects",
    "EngineGuard",
    "FieldTrial",
    "GangKind",
    "Heard",
    "Judged",
    "Lived",
    "Made",
    "MakePlan",
    "MarketPlan",
    "Message",
    "Month",
    "Names",
    "Offer",
    "Outcomes",
    "Pace",
    "Period",
    "Platform",
    "Proof",
    "Purpose",
    "ReminderLog",
    "ReminderPlan",
    "ReminderTrial",
    "Screens",
    "Sessions",
    "Streamed",
    "Told",
    "Traffic",
    "TrialLog",
    "TrialPlan",
    "Wiring",
    "amount_of",
    "calibration_figures",
    "days_since_first",
    "draw_applicants",
    "draw_delays",
    "hear",
    "interval",
    "is_crime",
    "is_crime_column",
    "join",
    "judged_of",
    "keep_limits",
    "live_months",
    "live_period",
    "make_applicants",
    "make_applications",
    "make_city",
    "make_drill_day",
    "make_market",
    "make_orders",
    "name_person",
    "pairs_of",
    "passes_step_up",
    "read_diary",
    "run_reminder_trial",
    "run_trial",
    "see_reminders",
    "settle_book",
    "show_again",
    "standard_scenes",
    "stream",
    "stream_day",
    "tell_orders",
    "true_effects",
    "true_effects_of",
    "typology_of",
    "write_market",
    "write_trial",
    "write_trial_truth",
    "write_truth",
]
