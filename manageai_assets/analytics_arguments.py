"""The arguments of `manageai data`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from manageai_assets.commands import Outcome


def add_data(verbs: _SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Adds the command and what can be done with the tables."""
    data = verbs.add_parser("data", parents=[common], help="tables for analysts: what there is, and ways to it")
    data.set_defaults(run=_run("listed"))
    common = argparse.ArgumentParser(add_help=False)  # `data --json export ...` says it already
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON instead of text")
    parts = data.add_subparsers(title="commands", metavar="COMMAND")

    dictionary = parts.add_parser("dictionary", parents=[common], help="every column, described: Markdown")
    dictionary.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    dictionary.set_defaults(run=_run("write_dictionary"))

    export = parts.add_parser("export", parents=[common], help="a table as a Parquet file")
    export.add_argument("table", metavar="TABLE", help="`manageai data` lists them")
    export.add_argument("file", type=Path, metavar="FILE")
    export.add_argument("--days", type=_days, default=90, metavar="COUNT", help="the last ones; `all` (default: 90)")
    export.set_defaults(run=_run("write_parquet"))

    role = parts.add_parser("role", parents=[common], help="a login for an analyst, who reads these tables only")
    role.add_argument("name", metavar="NAME", help="small letters, digits and `_`")
    role.add_argument("--remove", action="store_true", help="take it away")
    role.set_defaults(run=_run("role"))


def _run(command: str) -> Callable[[argparse.Namespace], Outcome]:
    """A command whose code is loaded when it runs."""

    def run(options: argparse.Namespace) -> Outcome:
        from manageai_assets.analytics import commands

        run_it: Callable[[argparse.Namespace], Outcome] = getattr(commands, command)
        return run_it(options)

    return run


def _days(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, and not `all`")
    return int(text)
