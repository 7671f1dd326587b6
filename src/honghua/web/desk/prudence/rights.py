"""Who may see and do what of prudence. Whoever asks for a relief is care; who decides, books or lifts is somebody else's office."""

from __future__ import annotations

from typing import Final

from honghua.web.roles import Rights, Role

LOOKING: Final = frozenset({Role.STRATEGIST, Role.OPERATIONS, Role.AUDITOR})
STEERING: Final = frozenset({Role.STRATEGIST, Role.OPERATIONS})
HELPING: Final = frozenset({Role.STRATEGIST, Role.OPERATIONS, Role.COLLECTOR, Role.CARE, Role.AUDITOR})
GATHERING: Final = frozenset({Role.OPERATIONS, Role.COLLECTOR})
APPROVING: Final = frozenset({Role.STRATEGIST, Role.OPERATIONS, Role.COLLECTOR})
BOOKING: Final = frozenset({Role.OPERATIONS})

PRUDENCE: Final[Rights] = {
    "desk.prudence": LOOKING,
    "desk.prudence_lift": STEERING,
    "desk.losses": LOOKING,
    "desk.stress": LOOKING,
    "desk.stress_run": STEERING,
    "desk.reliefs": HELPING,
    "desk.relief_ask": frozenset({Role.CARE}),
    "desk.relief_decide": STEERING,
    "desk.packs": HELPING,
    "desk.pack": HELPING,
    "desk.pack_begin": GATHERING,
    "desk.pack_add": GATHERING,
    "desk.pack_approve": APPROVING,
    "desk.pack_write_off": BOOKING,
    "desk.pack_abandon": BOOKING,
}
