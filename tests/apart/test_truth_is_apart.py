"""No engine can import or open what the city knows (issue 4, "Truth"): not by its imports, not by its words, not when it runs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import grimp
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from honghua.features.core import FIXED
from honghua.sim.api import TRUTH_FILE, standard_scenes, write_market, write_truth
from honghua.sim.core import MARKET_SCHEMA, OpenDoor, PlayPlan, Truth, play
from honghua.sim.core.life import DAY_COLUMNS
from honghua.sim.core.life.playing import PUBLIC
from honghua.sim.people_file import PEOPLE_TRUTH_FILE
from tests.apart import landlock

ROOT = Path(__file__).resolve().parents[2]
HONGHUA = ROOT / "src" / "honghua"
READERS = {"sim", "app"}  # app: benches and reports, that is evaluation
ENGINES = sorted(p.name for p in HONGHUA.iterdir() if (p / "__init__.py").is_file() and p.name not in READERS)
SECRETS = {"honghua.sim", TRUTH_FILE, PEOPLE_TRUTH_FILE}
TRUTH_COLUMNS = {"fraud", "typology", "ring", "crime", "told_at_us", "act"}


def told_secrets(text: str) -> list[str]:
    """Imports of the room `sim`, and the name of the truth's file, in a source."""
    found = []
    for node in ast.walk(ast.parse(text)):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value]
        found += [
            n
            for n in names
            for secret in SECRETS
            if n == secret or n.startswith(f"{secret}.") or n.endswith(f"/{secret}")
        ]
    return found


@pytest.mark.parametrize("room", ENGINES)
def test_no_engine_names_the_city(room):
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
        'importlib.import_module("honghua.sim.core.truth")',
        'open("truth.parquet")',
        'open("/city/secret/truth.parquet")',
        'open("people_truth.parquet")',
    ],
)
def test_planted_sins_are_found(sin):
    assert told_secrets(sin)


def test_no_engine_reaches_the_city_through_others():
    """Not one chain of imports, however long, leads from an engine into `sim` or `app`."""
    graph = grimp.build_graph("honghua", cache_dir=None)
    for room in ENGINES:
        for reader in READERS:
            chains = graph.find_shortest_chains(f"honghua.{room}", f"honghua.{reader}")
            assert not {chain for chain in chains if not any(".tests." in name for name in chain)}, room
    assert graph.find_shortest_chains("honghua.app", "honghua.sim"), "the search finds what is there"


def test_what_engines_see_has_no_room_for_truth():
    assert not set(MARKET_SCHEMA.columns) & TRUTH_COLUMNS
    assert not set(PUBLIC) & TRUTH_COLUMNS
    assert set(DAY_COLUMNS) - set(PUBLIC) == {"act", "crime", "ring"}
    assert not set(FIXED) & TRUTH_COLUMNS
    assert set(Truth.__slots__) == {"fraud", "typology", "ring", "told_at_us", "names"}


NEEDS_LANDLOCK = pytest.mark.skipif(not landlock.is_there(), reason="this kernel has no Landlock")
PLAN = PlayPlan(people=300, days=10, seed=5, rings=1, hours=12)
TRY = """
import sys
from pathlib import Path
from tests.apart import engine_alone
if sys.argv[1] == "locked":
    engine_alone.lock_in(Path(sys.argv[2]), Path(sys.argv[3]))
print(engine_alone.try_to_open(Path(sys.argv[4])))
"""


def run(*words: str | Path) -> str:
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


@NEEDS_LANDLOCK
@pytest.mark.parametrize(("how", "ending"), [("locked", "PermissionError"), ("free", "opened")])
def test_the_lock_holds_and_without_it_the_truth_would_open(tmp_path, how, ending):
    """The attempts are real ones: where nothing is locked each gets in."""
    events, out, secret = tmp_path / "events", tmp_path / "out", tmp_path / "secret"
    for folder in (events, out, secret):
        folder.mkdir()
    pq.write_table(pa.table({"fraud": [True]}), secret / TRUTH_FILE)
    told = ast.literal_eval(run("-c", TRY, how, events, out, secret / TRUTH_FILE))
    assert len(told) == 7
    assert set(told.values()) == {ending}, told


@NEEDS_LANDLOCK
@pytest.mark.slow
def test_engines_run_on_events_alone_and_cannot_open_the_truth(tmp_path):
    """The engines' process may read its own code and the events' folder. Told where the truth is, it does not get in."""
    played = play(PLAN, standard_scenes(), OpenDoor())
    events, out = tmp_path / "events", tmp_path / "out"
    write_market(played.market, events)
    secret = write_truth(played.truth, tmp_path / "secret")
    before = secret.read_bytes()
    out.mkdir()
    run("-m", "tests.apart.engine_alone", events, out, secret)
    told = json.loads((out / "told.json").read_text(encoding="utf-8"))
    assert told["of_the_city"] == []
    assert {name.split(".")[1] for name in told["modules"]} == set(ENGINES)
    assert told["events"] == len(played.market.events)
    assert 0 < told["labels"] < played.truth.fraud.sum(), "what was reported, no more"
    assert told["scored"] > 1_000
    assert set(told["truth"].values()) == {"PermissionError"}, told["truth"]
    assert secret.read_bytes() == before
