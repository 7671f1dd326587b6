"""The command line itself: every verb is told and can be found, and what tells them loads none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from honghua.app import cli, commands

LIST_AND_COUNT = """
import sys
from honghua.app.cli import main
try:
    main(["--help"])
finally:
    print(sorted(name for name in sys.modules if name.startswith("honghua.app.commands.")))
"""


def test_the_list_of_verbs_tells_each_and_loads_none():
    told = subprocess.run([sys.executable, "-c", LIST_AND_COUNT], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "[]"
    words = told.stdout.split()
    assert all(verb in words for verb in commands.VERBS)


@pytest.mark.parametrize("verb", ["ledger", "statement", "lists"])
def test_a_verb_that_is_named_is_loaded_and_says_what_it_does(verb, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, "--help"])
    assert ended.value.code == 0
    assert commands.VERBS[verb].split(",")[0] in " ".join(capsys.readouterr().out.split())


def test_a_verb_that_does_not_exist_is_answered_with_those_that_do(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        cli.main(["bogus"])
    assert ended.value.code == 2
    assert "verify" in capsys.readouterr().err
