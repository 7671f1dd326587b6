"""The Releaser: the card, everybody's judgement of today, and the candidate that is signed and waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from honghua.agents.api import FOLDER, HTML, TABLE, TEXT, Ask, Context, Done, HumanGate, Outcome, Slot
from honghua.lab.api import APPROVE, CANDIDATE
from honghua.lab.fitting.api import load_candidates, score
from honghua.lab.workers.modeller import make_table
from honghua.lab.workers.question import Question
from honghua.lab.workers.segmenter import Events, read_drawn
from honghua.lab.workers.strategist import LISTS

AGENT: Final = "Releaser"
LIST_DAYS: Final = 45  # how long a judgement of today stands on a list: until after the next run


@dataclass(frozen=True, slots=True)
class Draft:
    """Sentences of a card: what the model is for, how good it is, and what to be careful about."""

    use: str
    quality: str
    care: str


@dataclass(frozen=True, slots=True)
class WriteCard:
    """One page that needs nothing else: words, figures, checks. Words by a language model only where every figure stands in an artefact."""

    question: Question
    agent: str = AGENT
    step: str = "write the card"
    reads: tuple[Slot, ...] = (
        Slot("source"), Slot("sample"), Slot("segments"), Slot("variables"), Slot("fit"), Slot("examination"), Slot("leaderboard"),
        Slot("strategy"), Slot("policy_check"),
    )  # fmt: skip
    writes: tuple[Slot, ...] = (Slot("card", HTML), Slot("draft"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        board = context.read_json("leaderboard", list[dict[str, Any]])
        ours = write_ours(self.question, board, context.read_json("examination", dict[str, Any]))
        shown = {name: context.read(name).decode() for name in ("sample", "leaderboard", "fit")}
        said = context.ask(Ask("Draft three short paragraphs for the card of this model.", shown, Draft))
        draft = said.or_else(ours)
        context.write_json("draft", {"use": draft.use, "quality": draft.quality, "care": draft.care})
        context.write("card", draw_card(context, draft).encode())
        return Done(("use, quality, checks, segments, variables and strategy on one page", said.why))


def write_ours(question: Question, board: list[dict[str, Any]], examination: dict[str, Any]) -> Draft:
    """The words that need no language model."""
    quality = "; ".join(
        f"{one['name']}: AUC {one['auc'][1]:.3f} [{one['auc'][0]:.3f}, {one['auc'][2]:.3f}]" for one in board
    )
    notes = list(dict.fromkeys(note for found in examination.values() for note in found["notes"]))
    return Draft(
        f"Says the chance that a customer {question.target.says}. Made by the strategy lab; a person approves its release.",
        f"On later rows that no choice has seen: {quality}.",
        ". ".join(notes) or "Nothing was noted.",
    )


def draw_card(context: Context, draft: Draft) -> str:
    """The page."""
    fit, strategy = context.read_json("fit", dict[str, Any]), context.read_json("strategy", dict[str, Any])
    examination = context.read_json("examination", dict[str, Any])
    checks = [
        (role, "passed" if one["passed"] else "FAILED", one["check"], one["found"], one["bound"])
        for role, found in examination.items() for one in found["checks"]
    ]  # fmt: skip
    checks += [
        ("strategy", "passed" if one["passed"] else "FAILED", one["name"], one["found"], one["bound"])
        for one in strategy["checks"]
    ]
    segments = [
        (one["name"], one["people"], f"{one['bad_share']:.2%}")
        for one in context.read_json("segments", list[dict[str, Any]])
    ]
    lineage = context.read_json("variables", dict[str, Any])["lineage"]
    columns = [(name, lineage[name]["en"]) for name in fit["accepted"] if name in lineage]
    figures = [(name, *(f"{value:.4g}" for value in found)) for name, found in strategy["figures"].items()]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Release candidate</title>",
        "<style>body{font:14px sans-serif;max-width:64em;margin:2em auto}td{padding:.2em .8em;vertical-align:top}</style>",
        "<h1>Release candidate</h1>", *(f"<p>{escape(text)}</p>" for text in (draft.use, draft.quality, draft.care)),
        "<h2>Checks</h2>", _table(checks), "<h2>Strategy on later rows (low, middle, high)</h2>", _table(figures),
        "<h2>Segments</h2>", _table(segments), "<h2>Variables</h2>", _table(columns), "</html>\n",
    ]  # fmt: skip
    return "\n".join(parts)


def _table(rows: list[tuple[Any, ...]]) -> str:
    return (
        "<table>"
        + "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
        + "</table>"
    )


@dataclass(frozen=True, slots=True)
class JudgeEverybody:
    """Today's customers by the challenger's chance and the strategy's cuts: who would stand on which list."""

    events: Events
    agent: str = AGENT
    step: str = "judge everybody"
    reads: tuple[Slot, ...] = (
        Slot("source"),
        Slot("rows", TABLE),
        Slot("table", TABLE),
        Slot("candidates", FOLDER),
        Slot("cuts"),
    )
    writes: tuple[Slot, ...] = (Slot("lists"), Slot("lists_told"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        drawn = read_drawn(context)
        stream = self.events.check_same(context.read_json("source", dict[str, Any]))
        cuts = context.read_json("cuts", dict[str, Any])
        today = drawn.part == 2
        chance = score(load_candidates(context.lay("candidates")), make_table(context, drawn, 2)).challenger
        actions = np.array([*cuts["actions"]], dtype=object)[find_cells(cuts, chance, drawn.owed_minor[today])]
        chosen = np.isin(actions.astype(str), list(LISTS))
        names = stream.name_of("customer", drawn.customer[today][chosen])
        where = [LISTS[action] for action in actions[chosen].tolist()]
        lists = {
            one: [name for name, there in zip(names, where, strict=True) if there == one] for one in LISTS.values()
        }
        context.write_json("lists", lists)
        counts = {name: len(people) for name, people in lists.items()}
        context.write_json("lists_told", {"customers": int(today.sum()), "counts": counts, "days": LIST_DAYS})
        return Done(
            (
                f"of {int(today.sum()):,} customers of today: "
                + ", ".join(f"{n:,} on {name}" for name, n in counts.items()),
            )
        )


def find_cells(
    cuts: dict[str, Any], chance: np.ndarray[Any, Any], amount_minor: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """The strategy's cell of each customer, numbered amounts first and bands within, as `lab.strategy` numbers them."""
    band = np.searchsorted(np.array(cuts["chance"], np.float64), chance, side="right")
    size = np.searchsorted(np.array(cuts["amount_minor"], np.float64), amount_minor, side="right")
    return size * (len(cuts["chance"]) + 1) + band


@dataclass(frozen=True, slots=True)
class Assemble:
    """The candidate: everything that would be released, by digest. It is signed as soon as it is written."""

    question: Question
    frame: str
    agent: str = AGENT
    step: str = "assemble the candidate"
    reads: tuple[Slot, ...] = (
        Slot("source"), Slot("sample"), Slot("variables"), Slot("candidates", FOLDER), Slot("fit"), Slot("examination"),
        Slot("leaderboard"), Slot("strategy"), Slot("policy", TEXT), Slot("diff", TEXT), Slot("policy_check"), Slot("card", HTML),
        Slot("lists"), Slot("lists_told"),
    )  # fmt: skip
    writes: tuple[Slot, ...] = (Slot(CANDIDATE),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        examination = context.read_json("examination", dict[str, Any])
        strategy = context.read_json("strategy", dict[str, Any])
        context.write_json(CANDIDATE, {
            "name": f"lab-{self.question.name}", "question": self.question.target.says, "seed": context.seed, "frame": self.frame,
            "models": {role: {key: found[key] for key in ("digest", "kind", "passed")} for role, found in examination.items()},
            "figures": strategy["figures"], "lists": context.read_json("lists_told", dict[str, Any]),
            "artefacts": {name: ref.digest for name, ref in sorted(context.inputs.items())},
        })  # fmt: skip
        passed = all(found["passed"] for found in examination.values())
        return Done(
            (
                f"{len(context.inputs)} artefacts by digest; models {'passed' if passed else 'did NOT pass'} their examination",
            )
        )


def make_gate() -> HumanGate:
    """The one human step."""
    asks = "may this candidate judge a share of the customers as challenger?"
    return HumanGate(APPROVE, Slot(CANDIDATE), asks)


__all__ = ["LIST_DAYS", "Assemble", "JudgeEverybody", "WriteCard", "make_gate"]
