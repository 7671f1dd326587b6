"""The boundaries are checks: each contract and each banned habit breaks on a planted sin, and this tree has none."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

# The smallest house that the contracts accept: two contexts with doors, what they stand on, and the wiring above.
HOUSE = {
    "__init__.py": "",
    "app/__init__.py": "",
    "app/cli.py": "from honghua.credit import api, invariants\n",
    "credit/__init__.py": "",
    "credit/api.py": "from honghua.credit.core import terms\nfrom honghua.ledger import api, core\n",
    "credit/invariants.py": "from honghua.store import database\n",
    "credit/journey/__init__.py": "",
    "credit/journey/api.py": "from honghua.credit import api\n",
    "credit/prudence/__init__.py": "",
    "credit/prudence/api.py": "from honghua.credit import api\n",
    "credit/core/__init__.py": "from honghua.credit.core import terms\n",
    "credit/core/terms.py": "from honghua.base import dates\nfrom honghua.ledger.core import chart_size\n",
    "lab/__init__.py": "",
    "lab/factory/__init__.py": "",
    "lab/fairness/__init__.py": "",
    "lab/fairness/api.py": "",
    "lab/fitting/__init__.py": "",
    "lab/following/__init__.py": "",
    "lab/tables/__init__.py": "",
    "lab/tags/__init__.py": "",
    "ledger/__init__.py": "",
    "ledger/api.py": "from honghua.ledger import store\n",
    "ledger/store.py": "from honghua.store import database\n",
    "ledger/core/__init__.py": "from honghua.ledger.core.chart import chart_size\n",
    "ledger/core/chart.py": "chart_size = 24\n",
    "store/__init__.py": "",
    "store/database.py": "import os\n",
    "facts/__init__.py": "",
    "base/__init__.py": "",
    "base/dates.py": "import datetime\n",
}
SINS = [
    ("contexts depend downwards", "ledger/store.py", "from honghua.credit import api\n"),
    ("contexts depend downwards", "base/dates.py", "import honghua.facts\n"),
    ("contexts depend downwards", "pots/__init__.py", ""),  # a room that design.md does not know
    ("core is pure, indirectly too", "credit/core/terms.py", "import os\n"),
    ("core is pure, indirectly too", "base/dates.py", "import random\n"),
    ("core is pure, indirectly too", "facts/__init__.py", "import logging\n"),
    ("core is pure, indirectly too", "credit/core/terms.py", "from honghua.credit import api\n"),
    ("core is pure, indirectly too", "ledger/core/chart.py", "from honghua.store import database\n"),
    ("enter by a door", "credit/api.py", "from honghua.ledger import store\n"),
    ("enter by a door", "credit/api.py", "from honghua.ledger.core.chart import chart_size\n"),
    ("enter by a door", "app/cli.py", "from honghua.ledger import store\n"),
    ("a room's door loads no part door", "credit/api.py", "from honghua.credit.prudence import api\n"),
    ("nothing that fits reads protected traits", "lab/fitting/__init__.py", "from honghua.lab.fairness import api\n"),
    ("no cycles anywhere", "base/dates.py", "from honghua.base import money\n"),
]


def lint(root: Path) -> tuple[int, str]:
    done = subprocess.run(
        [BIN / "lint-imports", "--no-cache"], cwd=root, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def build_house(root: Path) -> Path:
    package = root / "honghua"
    for name, text in HOUSE.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    (package / "base/money.py").write_text("from honghua.base import dates\n")
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return package


def test_this_tree_keeps_every_contract():
    status, output = lint(ROOT)
    assert status == 0, output


def test_the_small_house_keeps_every_contract(tmp_path):
    build_house(tmp_path)
    status, output = lint(tmp_path)
    assert status == 0, output


@pytest.mark.parametrize(("contract", "file", "sin"), SINS)
def test_a_planted_sin_breaks_its_contract(tmp_path, contract, file, sin):
    package = build_house(tmp_path)
    path = package / file
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + sin)
    status, output = lint(tmp_path)
    assert status == 1, output
    assert f"{contract} BROKEN" in output


def test_every_contract_has_a_sin():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == {contract for contract, _, _ in SINS}


HABITS = [
    ("TID251", "src/honghua/credit/core/x.py", "import datetime\n\nNOW = datetime.datetime.now(datetime.UTC)\n"),
    ("TID251", "src/honghua/credit/core/x.py", "from datetime import date\n\nTODAY = date.today()\n"),
    ("TID251", "src/honghua/app/x.py", "import time\n\nNOW = time.time()\n"),
    ("TID251", "src/honghua/app/x.py", "import os\n\nHOME = os.environ['HOME']\n"),
    ("TID251", "src/honghua/app/x.py", "from os import getenv\n\nHOME = getenv('HOME')\n"),
    ("TID251", "src/honghua/store/x.py", "import random\n\nrandom.seed(1)\n"),
    ("DTZ005", "src/honghua/app/x.py", "import datetime\n\nNOW = datetime.datetime.now()\n"),
    ("NPY002", "src/honghua/credit/core/x.py", "import numpy as np\n\nA = np.random.rand(3)\n"),
    ("PLC0415", "src/honghua/credit/core/x.py", "def f():\n    import math\n\n    return math.pi\n"),
    ("A005", "src/honghua/credit/core/random.py", "X = 1\n"),
    ("FBT001", "src/honghua/credit/api.py", "def f(dry: bool):\n    pass\n"),
    ("D103", "src/honghua/credit/api.py", "def f():\n    pass\n"),
    ("S602", "src/honghua/app/x.py", "import subprocess\n\nsubprocess.run('ls', shell=True)\n"),
]


@pytest.mark.parametrize(("code", "path", "text"), HABITS)
def test_ruff_sees_a_banned_habit(code, path, text):
    command = [BIN / "ruff", "check", "--no-cache", "--output-format=json", "--stdin-filename", path, "-"]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert code in {problem["code"] for problem in json.loads(done.stdout)}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/honghua/app/settings.py", '"""S."""\n\nimport os\n\nHOME = os.environ["HOME"]\n'),
        (
            "src/honghua/credit/core/kernels.py",
            '"""K."""\n\n\ndef f(a, b, c, d, e, f, g, h, DW):\n    """K."""\n    return a\n',
        ),
        ("src/honghua/credit/core/x.py", '"""X."""\n\n\ndef find(ref: str) -> str:\n    return ref\n'),
    ],
)
def test_ruff_lets_pass_what_is_meant_to(path, text):
    command = [BIN / "ruff", "check", "--no-cache", "--stdin-filename", path, "-"]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_ruff_finds_nothing_in_this_tree():
    done = subprocess.run(
        [BIN / "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_lock_files_name_no_address_and_pin_everything():
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / name).read_text().splitlines()
        assert not [line for line in lines if "://" in line or line.startswith("--")]
        pins = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert all("==" in pin for pin in pins)
        assert sum("--hash=sha256:" in line for line in lines) >= len(pins)
