"""What evidence leads to for a ceiling: gone, it leaves nothing; whatever it says, nothing outruns the rulebook's own word."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.credit.core.evidencing import EvidenceOutcome, Ground, choose_ceiling
from honghua.limits.core import Ruling

CEILINGS = st.integers(0, 5_000_000)
SAID = st.sampled_from(["approved", "review", "refused"])
RULINGS = st.builds(lambda said, ceiling: ruling(said, ceiling if said == "approved" else 0), SAID, CEILINGS)
GROUNDS = st.builds(
    lambda base, now, reason, mixed, person: Ground(
        base_minor=base, ceiling_minor=now, reason=reason, is_mixed=mixed, wants_person=person
    ),
    CEILINGS, CEILINGS, st.sampled_from(["APPLICATION", "FRAUD_REPORTED", "LENDERS_GREW", ""]), st.booleans(), st.booleans(),
)  # fmt: skip


def ruling(said: str, ceiling_minor: int) -> Ruling:
    return Ruling(said, "CODE", "", ceiling_minor, ceiling_minor, ceiling_minor, 0.9, 0.9, None, ())


@settings(derandomize=True, max_examples=200)
@given(GROUNDS, RULINGS, st.one_of(st.none(), RULINGS))
@example(Ground(base_minor=5, ceiling_minor=9, reason=""), ruling("approved", 5), None)
@example(Ground(base_minor=5, ceiling_minor=5, reason=""), ruling("approved", 5), ruling("approved", 5))
def test_what_moves_and_what_never_does(ground, without, with_):
    said = choose_ceiling(ground, without, with_)
    if with_ is None:
        assert said.ceiling_minor <= ground.base_minor
        assert ground.is_mixed or said.ceiling_minor == ground.base_minor
    elif said.code == "EVIDENCE":
        speaks_for = without.outcome != "approved" or with_.ceiling_minor > without.ceiling_minor
        assert said.ceiling_minor in (with_.ceiling_minor, ground.base_minor) or ground.is_mixed
        assert said.ceiling_minor >= with_.ceiling_minor if speaks_for else said.ceiling_minor <= ground.base_minor
        assert not (ground.wants_person and said.outcome is EvidenceOutcome.RAISED)
    else:
        assert said.ceiling_minor <= max(ground.base_minor, ground.ceiling_minor)
    if said.outcome is not EvidenceOutcome.REVIEW:
        moved = said.ceiling_minor - ground.ceiling_minor
        assert (said.outcome is EvidenceOutcome.RAISED, said.outcome is EvidenceOutcome.LOWERED) == (
            moved > 0,
            moved < 0,
        )


@settings(derandomize=True, max_examples=100)
@given(GROUNDS, RULINGS, RULINGS, CEILINGS)
def test_without_evidence_the_past_of_a_ceiling_does_not_count(ground, without, with_, other):
    """However high evidence had lifted it: who never had any comes to the same ceiling."""
    plain = Ground(base_minor=ground.base_minor, reason=ground.reason, ceiling_minor=ground.base_minor)
    lifted = Ground(base_minor=ground.base_minor, reason=ground.reason, ceiling_minor=other)
    assert choose_ceiling(lifted, without, None).ceiling_minor == choose_ceiling(plain, without, None).ceiling_minor
