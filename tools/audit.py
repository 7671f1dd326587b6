"""Known holes in what we depend on: pip-audit over requirements.lock, and what can be said without the network.

`python -m tools.audit` fails when an advisory names a locked version, or when the lock does not pin every package by hash.
Where no advisory service answers (a machine without internet, a mirror without PyPI's advisories) it says that nothing was
audited, and does not fail: a check that is red for want of a network is soon ignored.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LOCK: Final = Path(__file__).resolve().parents[1] / "requirements.lock"
SERVICES: Final = ("pypi", "osv")
SECONDS_MAX: Final = 120
PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+) \\$")


@dataclass(frozen=True)
class Audit:
    """What one advisory service said: how many packages it knows, and the holes, each as a sentence."""

    known: int
    holes: list[str]


def read_report(text: str) -> Audit | None:
    """pip-audit's JSON; None when it printed none."""
    try:
        report: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return None
    packages = [one for one in report.get("dependencies", []) if "skip_reason" not in one]
    holes = []
    for one in packages:
        for hole in one.get("vulns", []):
            fixed = ", ".join(hole.get("fix_versions", [])) or "no version yet"
            holes.append(f"{one['name']} {one['version']}: {hole['id']}, mended in {fixed}")
    return Audit(len(packages), holes)


def check_pins(lock: str) -> list[str]:
    """Packages of a lock file that are not pinned to one version with hashes."""
    problems = []
    lines = lock.splitlines()
    for number, line in enumerate(lines, 1):
        if not line or line[0] in " #-":
            continue
        follows = lines[number] if number < len(lines) else ""
        if not PINNED.match(line) or not follows.strip().startswith("--hash=sha256:"):
            problems.append(f"line {number}: {line.split()[0]} is not pinned by hash")
    return problems


def ask(service: str) -> Audit | None:
    """One advisory service's word; None when it does not answer."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--no-deps", "--format", "json",
        "--progress-spinner", "off", "--vulnerability-service", service,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return None
    return read_report(done.stdout)


def main() -> int:
    """Say what was found; 1 for a hole or an open pin."""
    problems = check_pins(LOCK.read_text(encoding="utf-8"))
    for service in SERVICES:
        audit = ask(service)
        if audit is not None and audit.known:
            print(
                f"audit: {service} knows {audit.known} of the locked packages, {len(audit.holes)} holes",
                file=sys.stderr,
            )
            problems += audit.holes
            break
    else:
        print("audit: no advisory service answers here: nothing was audited but the pins", file=sys.stderr)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
