"""What must hold about persons: the erased have no keys, nobody is found who left, every consent is to a text that was published,
evidence that was taken back says nothing any more, providers are asked on a consent that stands."""

from __future__ import annotations

from typing import Final, LiteralString

import psycopg

from honghua.base.checks import Check
from honghua.store.invariants import check_query

ERASED_HAVE_NO_KEYS: Final = """
SELECT (SELECT count(*) FROM customers_person WHERE state <> 'active'), ARRAY(
  SELECT DISTINCT 'person ' || person_id FROM customers_person JOIN customers_key AS key USING (person_id)
  WHERE state = 'erased' OR (state = 'restricted' AND key.part = 'contact') ORDER BY 1 LIMIT %(limit)s)
"""
LEFT_ARE_NOT_FOUND: Final = """
SELECT (SELECT count(*) FROM customers_index), ARRAY(
  SELECT DISTINCT 'person ' || person_id FROM customers_person JOIN customers_index AS found USING (person_id)
  WHERE state = 'erased' OR (state = 'restricted' AND found.kind = 'phone') ORDER BY 1 LIMIT %(limit)s)
"""
ACTIVE_CAN_BE_READ: Final = """
SELECT (SELECT count(*) FROM customers_person WHERE state = 'active'), ARRAY(
  SELECT 'person ' || person_id FROM customers_person AS person WHERE state = 'active'
    AND (SELECT count(*) FROM customers_key WHERE customers_key.person_id = person.person_id) <> 2
  ORDER BY person_id LIMIT %(limit)s)
"""
PHONES_ARE_FOUND: Final = """
SELECT (SELECT count(DISTINCT person_id) FROM customers_field WHERE field IN ('phone', 'national_id')), ARRAY(
  SELECT DISTINCT 'person ' || person_id FROM customers_field AS known JOIN customers_person USING (person_id)
  WHERE state = 'active' AND field IN ('phone', 'national_id') AND NOT EXISTS (
    SELECT FROM customers_index AS found WHERE found.person_id = known.person_id AND found.kind = known.field)
  ORDER BY 1 LIMIT %(limit)s)
"""
VERSIONS_HAVE_NO_GAP: Final = """
SELECT (SELECT count(*) FROM customers_field), ARRAY(
  SELECT 'person ' || person_id FROM customers_field GROUP BY person_id, field
  HAVING max(version) <> count(*) OR min(version) <> 1 ORDER BY 1 LIMIT %(limit)s)
"""
LEFT_ARE_NOT_LINKED: Final = """
SELECT (SELECT count(*) FROM customers_link), ARRAY(
  SELECT DISTINCT 'person ' || person_id FROM customers_person JOIN customers_link AS link USING (person_id)
  WHERE state = 'erased' OR (state = 'restricted' AND link.kind <> 'national_id') ORDER BY 1 LIMIT %(limit)s)
"""
OFFERS_CONSENTED: Final = """
SELECT (SELECT count(*) FROM customers_offer WHERE is_made), ARRAY(
  SELECT 'offer ' || offer_id FROM customers_offer AS offer WHERE is_made AND NOT coalesce((
    SELECT is_given FROM customers_consent AS said
    WHERE said.person_id = offer.person_id AND said.kind = 'marketing' AND said.at <= offer.at
    ORDER BY consent_id DESC LIMIT 1), false)
  ORDER BY offer_id LIMIT %(limit)s)
"""
PROOFS_FOLLOW_ANSWERS: Final = """
SELECT (SELECT count(*) FROM customers_proof_verdict WHERE decided_by = 'system'), ARRAY(
  SELECT 'proof ' || proof_id FROM customers_proof_verdict AS judged
  WHERE decided_by = 'system' AND verdict = 'proven' AND (
    (SELECT count(DISTINCT kind) FROM customers_proof_answer AS said
     WHERE said.proof_id = judged.proof_id AND said.said = 'match') <> 3
    OR EXISTS (SELECT FROM customers_proof_answer AS said WHERE said.proof_id = judged.proof_id AND said.said = 'mismatch'))
  ORDER BY proof_id LIMIT %(limit)s)
"""
DEVICES_ARE_PROVEN: Final = """
SELECT (SELECT count(*) FROM customers_device), ARRAY(
  SELECT 'device ' || device_id FROM customers_device AS device
    JOIN customers_proof AS proof USING (proof_id) JOIN customers_person AS person ON person.person_id = device.person_id
  WHERE proof.person_id <> device.person_id OR (device.ended_at IS NULL AND person.state <> 'active')
    OR NOT EXISTS (SELECT FROM customers_proof_verdict AS judged
      WHERE judged.proof_id = device.proof_id AND judged.verdict = 'proven' AND judged.at <= device.bound_at)
  ORDER BY device_id LIMIT %(limit)s)
"""
CONTRACTS_WERE_READ: Final = """
SELECT (SELECT count(*) FROM customers_signature), ARRAY(
  SELECT 'document ' || document_id FROM customers_signature AS signed JOIN customers_document AS shown USING (document_id)
  WHERE signed.read_ms < shown.read_seconds * 1000 OR signed.signed_at < shown.shown_at + make_interval(secs => shown.read_seconds)
    OR NOT EXISTS (SELECT FROM customers_certificate AS ours WHERE ours.fingerprint = signed.certificate)
  ORDER BY document_id LIMIT %(limit)s)
"""
MATERIALS_FOLLOW_WORDS: Final = """
SELECT (SELECT count(*) FROM customers_material), ARRAY(
  SELECT 'material ' || material_id FROM customers_material AS material JOIN customers_person USING (person_id)
    LEFT JOIN LATERAL (SELECT state FROM customers_material_word AS word WHERE word.material_id = material.material_id
      ORDER BY number DESC LIMIT 1) AS last ON true
  WHERE (sealed IS NOT NULL) IS DISTINCT FROM coalesce(last.state IN ('in_force', 'review'), false)
    OR (ended_at IS NOT NULL AND coalesce(last.state, '') NOT IN ('withdrawn', 'expired', 'refused'))
    OR (customers_person.state <> 'active' AND sealed IS NOT NULL)
  ORDER BY material_id LIMIT %(limit)s)
"""
PROVIDERS_ASKED_LAWFULLY: Final = """
SELECT (SELECT count(*) FROM customers_provider_call), ARRAY(
  SELECT 'provider call ' || call.call_id FROM customers_provider_call AS call
    LEFT JOIN customers_material AS piece ON piece.material_id = call.material_id
    LEFT JOIN customers_provider_answer AS ended ON ended.call_id = call.call_id
  WHERE (call.material_id IS NOT NULL AND (piece.person_id <> call.person_id OR piece.given_at > call.asked_at
      OR piece.ended_at < call.asked_at OR call.basis <> 'consent ' || piece.kind || '/' || piece.text_version))
    OR (call.version IS NOT NULL AND NOT EXISTS (SELECT FROM customers_business AS said
      WHERE said.person_id = call.person_id AND said.version = call.version AND said.recorded_at <= call.asked_at))
    OR ended.answered_at < call.asked_at
  ORDER BY call.call_id LIMIT %(limit)s)
"""
CHECKS: Final[dict[str, LiteralString]] = {
    "customers.erased_have_no_keys": ERASED_HAVE_NO_KEYS,
    "customers.left_are_not_found": LEFT_ARE_NOT_FOUND,
    "customers.active_can_be_read": ACTIVE_CAN_BE_READ,
    "customers.phones_are_found": PHONES_ARE_FOUND,
    "customers.versions_have_no_gap": VERSIONS_HAVE_NO_GAP,
    "customers.left_are_not_linked": LEFT_ARE_NOT_LINKED,
    "customers.offers_consented": OFFERS_CONSENTED,
    "customers.proofs_follow_answers": PROOFS_FOLLOW_ANSWERS,
    "customers.devices_are_proven": DEVICES_ARE_PROVEN,
    "customers.contracts_were_read": CONTRACTS_WERE_READ,
    "customers.materials_follow_words": MATERIALS_FOLLOW_WORDS,
    "customers.providers_asked_lawfully": PROVIDERS_ASKED_LAWFULLY,
}


def check_customers(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All of it, in the caller's transaction; no key is needed."""
    return tuple(check_query(conn, name, query) for name, query in CHECKS.items())


__all__ = ["check_customers"]
