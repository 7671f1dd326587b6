"""`honghua policy` and its benches from outside: exit codes, JSON, what is told."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from honghua.app.cli import main

POLICY = '''"""Refuse what is listed or large."""
with hard_deny:
    listed = refuse("DENY_LIST", when=on_list("devices"))
with score:
    large = refuse("RISK_REFUSED", when=amount_minor > yuan(100) and fused > 0.5, missing=skip)
    asked = step_up("RISK_STEP_UP", kind="sms", when=arm("gentle") == "treated" and fused > 0.4, missing=skip)
'''
WORDS = ["--list", "devices", "--arm", "gentle=control,treated"]


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "large.policy"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def records(tmp_path):
    table = pa.table({
        "amount_minor": [5_000, 20_000, 20_000, 20_000, 30_000], "fused": [0.9, 0.9, 0.1, None, 0.45],
        "on_list.devices": [0, 0, 1, 0, 0], "arm.gentle": ["control", "control", "treated", "treated", "treated"],
        "outcome": ["approve", "approve", "refuse", "approve", "approve"], "city": ["a", "a", "b", "b", "b"], "bad": [0, 1, 0, 0, 0],
    })  # fmt: skip
    path = tmp_path / "records.parquet"
    pq.write_table(table, path)
    pc.write_csv(table, tmp_path / "records.csv")
    return path


def run(capsys, *arguments):
    status = main([str(a) for a in arguments])
    return status, capsys.readouterr()


def test_check_tells_that_a_policy_is_sound(capsys, policy):
    status, said = run(capsys, "policy", "check", policy, *WORDS, "--json")
    told = json.loads(said.out)
    assert (status, told["ok"], told["rules"], told["lists"], told["experiments"]) == (
        0,
        True,
        4,
        ["devices"],
        ["gentle"],
    )


def test_check_tells_every_problem_with_its_line(capsys, policy):
    status, said = run(capsys, "policy", "check", policy, "--json")
    told = json.loads(said.out)
    assert (status, told["ok"]) == (1, False)
    assert [(p["line"], p["code"]) for p in told["problems"]] == [(3, "UNKNOWN_NAME"), (6, "UNKNOWN_NAME")]
    status, said = run(capsys, "policy", "check", policy)
    assert status == 1
    assert "line 6" in said.err


@pytest.mark.parametrize("name", ["account-rules", "purchase-risk"])
def test_show_names_rules_and_reasons(capsys, name):
    status, said = run(capsys, "policy", "show", name)
    assert status == 0
    assert "refuse OVERDUE" in said.out
    assert "A statement is past due." in said.out


def test_backtest_against_what_was_decided(capsys, policy, records):
    arguments = [
        "policy",
        "backtest",
        policy,
        "--records",
        records,
        *WORDS,
        "--segment",
        "city",
        "--loss",
        "bad",
        "--json",
    ]
    status, said = run(capsys, *arguments)
    told = json.loads(said.out)
    assert status == 0
    assert (told["decisions"], told["flip_share"], told["refusal_share_after"]) == (5, 0.4, 0.4)
    assert (told["expected_loss_before_minor"], told["expected_loss_after_minor"]) == (20_000, 0)
    assert [(e["row"], e["code"]) for e in told["new_refusals"]] == [(1, "RISK_REFUSED")]
    assert {s["segment"]: s["decisions"] for s in told["segments"]} == {"a": 2, "b": 3}
    status, said = run(capsys, *arguments, "--max-flip-share", "0.39", "--max-refusal-rise", "0.3")
    assert (status, len(json.loads(said.out)["broken"])) == (1, 1)
    csv = ["policy", "backtest", policy, "--records", records.with_suffix(".csv"), *WORDS, "--json"]
    assert json.loads(run(capsys, *csv)[1].out)["matrix"] == told["matrix"]


def test_backtest_against_another_policy(capsys, policy, records):
    status, said = run(
        capsys,
        "policy",
        "backtest",
        policy,
        "--records",
        records,
        *WORDS,
        "--against",
        policy,
        "--max-flip-share",
        "0",
        "--json",
    )
    assert (status, json.loads(said.out)["flip_share"]) == (0, 0.0)
    status, said = run(capsys, "policy", "backtest", policy, "--records", records, *WORDS, "--against", policy)
    assert (status, "flip_share" in said.out, "matrix" in said.out) == (0, True, True)


def test_a_file_without_the_columns_is_named(capsys, policy, tmp_path):
    path = tmp_path / "short.parquet"
    pq.write_table(pa.table({"amount_minor": [1], "outcome": ["approve"]}), path)
    status, said = run(capsys, "policy", "backtest", policy, "--records", path, *WORDS)
    assert status == 2
    assert "arm.gentle, fused, on_list.devices" in said.err
    pq.write_table(pa.table({"amount_minor": [1], "outcome": ["maybe"]}), path)
    status, said = run(capsys, "policy", "backtest", "account-rules", "--records", path)
    assert status == 2


def test_benches_of_rules_and_backtest(capsys):
    status, said = run(capsys, "bench", "rules", "--rules", "20", "--calls", "20", "--batch", "300", "--json")
    told = json.loads(said.out)
    assert (status, told["mismatches"], told["rules"]) == (0, 0, 20)
    assert told["zen_us_p50"] is None or told["zen_mismatches"] == 0
    status, said = run(capsys, "bench", "backtest", "--decisions", "700", "--rules", "10", "--json")
    told = json.loads(said.out)
    assert (status, told["decisions"], told["mismatches"]) == (0, 700, 0)


def test_a_backtest_leaves_a_reference_and_a_page(capsys, policy, records, tmp_path):
    reference, page = tmp_path / "reference.json", tmp_path / "page.html"
    status, said = run(
        capsys, "policy", "backtest", policy, "--records", records, *WORDS, "--segment", "city", "--reference", reference,
        "--html", page, "--max-flip-share", "0.1", "--json",
    )  # fmt: skip
    told = json.loads(said.out)
    assert status == 1
    found = json.loads(reference.read_text(encoding="utf-8"))
    assert (
        found == told["reference_ppm"] == {"inputs_present": 0, "listed": 200_000, "large": 200_000, "asked": 200_000}
    )
    assert "honghua release propose" in said.err
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "http" not in html
    for words in ("The gate says no", "RISK_REFUSED", "<svg", "digest", "200.00 yuan"):
        assert words in html
    status, said = run(capsys, "policy", "backtest", policy, "--records", records, *WORDS, "--html", tmp_path)
    assert (status, "cannot write" in said.err) == (2, True)


def test_arms_are_numbered_as_experiments_number_them(capsys, policy, tmp_path):
    """0 is whoever is held out: a record's 2 is the second arm."""
    path = tmp_path / "numbers.parquet"
    table = {
        "amount_minor": [1] * 3,
        "fused": [0.45] * 3,
        "on_list.devices": [0] * 3,
        "arm.gentle": [0, 1, 2],
        "outcome": ["approve"] * 3,
    }
    pq.write_table(pa.table(table), path)
    _, said = run(capsys, "policy", "backtest", policy, "--records", path, *WORDS, "--json")
    assert {r["rule"]: r["spoke"] for r in json.loads(said.out)["rules"]}["asked"] == 1
    held = tmp_path / "held.policy"
    held.write_text(POLICY.replace('"treated"', '"holdout"'), encoding="utf-8")
    assert run(capsys, "policy", "check", held, *WORDS)[0] == 0
