from __future__ import annotations

import json
import subprocess
import time

import pytest

from honghua.app import report


def test_header_has_the_keys_that_stay():
    header = report.report_header(seed=7, started=time.perf_counter() - 2)
    assert list(header) == ["machine", "commit", "seed", "seconds"]
    assert set(header["machine"]) == {"cores", "memory_gb", "cpu"}
    assert header["seed"] == 7
    assert 2 <= header["seconds"] < 60


def test_machine_is_this_machine():
    found = report.machine()
    assert found["cores"] >= 1
    assert found["memory_gb"] > 0.1
    assert found["cpu"]


def test_commit_is_what_git_says(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(report, "REPOSITORY", tmp_path)
    assert report.commit() == "unknown"  # a folder that git does not accept
    (tmp_path / ".git").rmdir()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    said = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    assert len(report.commit()) >= 7
    assert said.startswith(report.commit())


def test_commit_is_unknown_outside_git_and_without_git(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "REPOSITORY", tmp_path)
    assert report.commit() == "unknown"
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert report.commit() == "unknown"


def test_print_json_is_one_readable_object(capsys):
    report.print_json({"name": "红花", "amount_minor": 2**53 + 1})
    out = capsys.readouterr().out
    assert "红花" in out
    assert json.loads(out) == {"name": "红花", "amount_minor": 2**53 + 1}
    assert out.count("\n") == 1


def test_print_json_refuses_nan():
    with pytest.raises(ValueError, match="JSON compliant"):
        report.print_json({"ratio": float("nan")})
