"""The command line `honghua`: finds the verb's module, runs it, and turns a failed world into a clear exit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence

from honghua.app import commands
from honghua.app.settings import load_settings, with_database
from honghua.base.errors import HonghuaError


def build_parser(*, only: Collection[str] = tuple(commands.VERBS)) -> argparse.ArgumentParser:
    """The command line; every verb is one module of `honghua.app.commands`. `only` names the verbs to load; the others are just listed."""
    parser = argparse.ArgumentParser(prog="honghua", description="Honghua, the open consumer-credit platform.")
    parser.add_argument(
        "--database", metavar="NAME", help="look into this database instead (`honghua demo` fills honghua_demo)"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, sentence in commands.VERBS.items():
        if name in only:
            commands.load_verb(name).register(verbs)
            verbs.choices[name].description = verbs.choices[name].description or sentence
        else:
            verbs.add_parser(name, help=sentence)
    return parser


def find_called(argv: Sequence[str]) -> Collection[str]:
    """The verbs that the words name: only these need loading."""
    return [verb for verb in commands.VERBS if verb in argv]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; exit 0 when it did what it says, 1 when a check failed, 2 on bad input, 3 when the world failed."""
    argv = sys.argv[1:] if argv is None else argv
    args = build_parser(only=find_called(argv)).parse_args(argv)
    try:
        settings = load_settings()
        return int(args.run(args, settings if args.database is None else with_database(settings, args.database)))
    except HonghuaError as error:
        print(f"honghua: {error} [{error.code}]", file=sys.stderr)
        return 3 if error.retryable else 2
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
