"""The gate to a language model: it proposes texts in a typed shape, reads what it is shown, and can do nothing else.

It is connected by an OpenAI-compatible address in the settings, and there is none by default. Loading this loads pydantic-ai, which takes
seconds; workers know `agents.speaking` only.
"""
