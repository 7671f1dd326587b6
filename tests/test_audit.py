"""The audit of dependencies: planted holes and open pins are found; no service is not a hole."""

from __future__ import annotations

import json

from tools.audit import LOCK, check_pins, read_report


def test_a_hole_is_a_sentence():
    report = {
        "dependencies": [
            {"name": "good", "version": "1.0", "vulns": []},
            {"name": "bad", "version": "2.0", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]},
            {"name": "unknown", "skip_reason": "not found on PyPI"},
        ]
    }
    audit = read_report(json.dumps(report))
    assert audit is not None
    assert audit.known == 2
    assert audit.holes == ["bad 2.0: CVE-1, mended in 2.1"]


def test_where_nobody_answers_nothing_is_said():
    assert read_report("Traceback …") is None
    audit = read_report(json.dumps({"dependencies": [{"name": "x", "skip_reason": "not found on PyPI"}]}))
    assert audit is not None
    assert audit.known == 0


def test_every_package_of_the_lock_is_pinned_by_hash():
    assert check_pins(LOCK.read_text(encoding="utf-8")) == []
    assert check_pins("good==1.0 \\\n    --hash=sha256:00\nopen>=1\nbare==2.0\n") == [
        "line 3: open>=1 is not pinned by hash",
        "line 4: bare==2.0 is not pinned by hash",
    ]
