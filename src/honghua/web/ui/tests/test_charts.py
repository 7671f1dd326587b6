"""Charts are well-formed SVG without style, say what they show, and let nothing that people wrote become markup."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.web.ui.charts import Charts, make_scale, nice_step

CHARTS = Charts("figures", "item", "figure")
EVIL = '<b onload="x">&'
DRAWN = {
    "bars": CHARTS.bars(EVIL, [(EVIL, 3), ("b", -5)]),
    "nothing": CHARTS.bars("nothing", []),
    "stacked": CHARTS.stacked("s", ["x", EVIL], [(EVIL, [1, 2]), ("b", [0, 3])]),
    "lines": CHARTS.lines("l", ["x", "y"], [("a", [1, 2]), (EVIL, [2, 2])]),
    "waterfall": CHARTS.waterfall("w", [("in", 5), ("out", -2)], total="left"),
    "donut": CHARTS.donut("d", [(EVIL, 1), ("b", 0)], centre="50%", under="of it"),
    "sparkline": CHARTS.sparkline(EVIL, [1, 1, 1]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_each_is_well_formed_named_and_without_style(name):
    root = ElementTree.fromstring(DRAWN[name])
    tags = {node.tag for node in root.iter()}
    assert "b" not in tags
    assert not [node for node in root.iter() if "style" in node.attrib or any(a.startswith("on") for a in node.attrib)]
    drawing = next(node for node in root.iter() if node.tag == "svg" and node.get("role"))
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label")
    assert name == "sparkline" or {"figcaption", "details", "summary", "table"} <= tags


def test_the_figures_stand_behind_the_drawing():
    assert '<td class="number">-2</td>' in DRAWN["waterfall"]
    assert ">3</td>" in DRAWN["waterfall"]
    assert "figures" in DRAWN["bars"]


@given(st.lists(st.floats(-1e12, 1e12), max_size=20))
def test_every_value_lies_within_its_scale(values):
    scale = make_scale(values)
    assert scale.low <= min([0.0, *values])
    assert scale.high >= max([0.0, *values])
    assert scale.high > scale.low


@given(st.floats(1e-6, 1e15))
def test_a_step_is_round_and_not_too_small(rough):
    step = nice_step(rough)
    assert rough * (1 - 1e-9) <= step <= rough * 10
