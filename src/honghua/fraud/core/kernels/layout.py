"""Where things stand: columns of an entity's memory (float64), of what is read from it (float32), and the kinds of events."""

from __future__ import annotations

# Stored event kinds (features.core.EventKind); literals, since a kernel knows no enum.
PURCHASE, REFUND, TRANSFER, LIMIT_RAISED, FRAUD_REPORTED, CLEARED = 1, 2, 3, 5, 6, 7
MISSING = -(2**63)

HOUR_BINS = 8

# One entity's memory. Times are microseconds; NaN = never. `LA` = log(1 + amount in minor units).
(SEEN, LAST_AT, LA_MEAN, LA_VAR, LA_MAX, GAP_MEAN, GAP_VAR, FAST, DAY, SLOW, LAST_AMOUNT, EQUAL, ROUND, NEW, ODD, REFUNDS, CREDIT,
 RAISED_AT, DRAWN, RAISED_BY, HOURS) = range(21)  # fmt: skip
HABIT_WIDTH = HOURS + HOUR_BINS
(FRAUDS, KNOWN, DECAYED_AT, EMA_FAST, EMA_SLOW, STREAK, FRAUD_AT, CLEAR_AT, STREAK_AT, FRAUD_LA, NEAR) = range(
    HABIT_WIDTH, HABIT_WIDTH + 11
)
LABEL_END = HABIT_WIDTH + 11
# Trails: fading sums of what was odd about an entity's events, by oddity, and of their number: over two days and over ten.
(O_DRAIN, O_BIG, O_FRESH, O_DEVICE, O_ADDRESS, O_PAYEE, O_MERCHANT, O_UNDER, O_ROUND, O_SERIES, O_HOUR, O_REFUND, O_ALL, O_BURST,
 O_COMPANY, ODDITIES) = range(16)  # fmt: skip
TRAIL_SHORT, TRAIL_LONG = LABEL_END, LABEL_END + ODDITIES + 1
MEMORY_WIDTH = LABEL_END + 2 * (ODDITIES + 1)

# What a habit read gives, per entity; the names are in core/plan.py and stand in this order.
(R_Z, R_RATIO, R_OVER_MAX, R_GAP, R_GAP_Z, R_FAST, R_BURST, R_SURGE, R_HOUR, R_EQUAL, R_ROUND, R_NEW, R_ODD, R_REFUNDS, R_CREDIT, R_SEEN,
 R_SPREAD) = range(17)  # fmt: skip
HABIT_VALUES = 17
# What a label read gives, per entity.
(L_FAST, L_SLOW, L_RATE, L_KNOWN, L_STREAK, L_FRAUD_AGE, L_CLEAR_AGE, L_STREAK_AGE, L_AMOUNT, L_NEAR) = range(10)
LABEL_VALUES = 10
TRAIL_VALUES = 2 * ODDITIES  # sums over two days, then means over ten
ENTITY_VALUES = HABIT_VALUES + LABEL_VALUES + TRAIL_VALUES
# What the trails read of the values that windows and graph gave for the event; the names are in core/plan.py.
(S_DEVICE, S_ADDRESS, S_PAYEE, S_MERCHANT, S_AGE, S_SERIES, S_REFUNDS) = range(7)
SIGNS = 7
# What belongs to the event and its customer alone.
(
    E_AMOUNT,
    E_ROUND,
    E_HOUR,
    E_WEEKDAY,
    E_RAISE_AGE,
    E_DRAWN,
    E_OF_AVAILABLE,
    E_OF_LIMIT,
    E_CREDIT,
    E_TRANSFER,
    E_BASE_RATE,
    E_SILENCE,
    E_UNDER,
    E_DRAINED_RAISE,
) = range(14)
EVENT_VALUES = 14

# Parts of an entity's memory that may be kept, bits; an entity without any is only known to have been seen, and when.
HABITS_KEPT, LABELS_KEPT, TRAILS_KEPT = 1, 2, 4

# The sensor's own clock and population, float64: sums over everybody.
(G_ROWS, G_DROPPED, G_RATE, G_LABEL_AT, G_HOURS) = range(5)
GLOBAL_WIDTH = G_HOURS + HOUR_BINS
