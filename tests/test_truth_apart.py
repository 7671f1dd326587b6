"""No engine can import or open what the city knows (issue 4, "Truth")."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from honghua.sim.api import TRUTH_FILE
from honghua.sim.core import Truth

ROOT = Path(__file__).resolve().parent.parent
HONGHUA = ROOT / "src" / "honghua"
READERS = {"sim", "app"}  # app: benches and reports, that is evaluation
ENGINES = sorted(p.name for p in HONGHUA.iterdir() if (p / "__init__.py").is_file() and p.name not in READERS)
SECRETS = {"honghua.sim", TRUTH_FILE}


def told_secrets(text: str) -> list[str]:
    """Imports of the room `sim`, and the name of the truth's file, in a source."""
    found = []
    for node in ast.walk(ast.parse(text)):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value]
        found += [n for n in names for secret in SECRETS if n == secret or n.startswith(f"{secret}.")]
    return found


@pytest.mark.parametrize("room", ENGINES)
def test_no_engine_knows_the_city(room):
    sources = [p for p in (HONGHUA / room).rglob("*.py") if "tests" not in p.parts]
    assert sources
    for path in sources:
        assert told_secrets(path.read_text(encoding="utf-8")) == [], path


@pytest.mark.parametrize(
    "sin",
    [
        "import honghua.sim.core",
        "from honghua import sim",
        "from honghua.sim.core import Truth",
        'open("truth.parquet")',
    ],
)
def test_planted_sins_are_found(sin):
    assert told_secrets(sin)


def test_the_matrix_has_no_room_for_truth():
    from_schema = {"fraud", "typology", "ring", "crime", "label"}
    schema = (HONGHUA / "features" / "core" / "schema.py").read_text(encoding="utf-8")
    names = {n.value for n in ast.walk(ast.parse(schema)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert not names & from_schema
    assert set(Truth.__slots__) == {"fraud", "typology", "ring", "told_at_us", "names"}
