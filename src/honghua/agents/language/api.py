"""The part's door: a language model behind its gate, from an address; and the evaluations to run before one is trusted with words."""

from honghua.agents.language.evals import EvalCase, EvalReport, read_cases, run_evals
from honghua.agents.language.gate import LanguageBudget, ModelSpeaker, connect_model

__all__ = ["EvalCase", "EvalReport", "LanguageBudget", "ModelSpeaker", "connect_model", "read_cases", "run_evals"]
