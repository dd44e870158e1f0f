"""The arguments of `manageai incidents`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from manageai_assets.commands import Outcome

_SPAN = re.compile(r"(\d{1,4})(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def add_incidents(verbs: _SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Adds the command and what can be done to an incident."""
    listed = verbs.add_parser(
        "incidents", parents=[common], help="what is wrong in production, and what is done about it"
    )
    listed.add_argument("--all", action="store_true", help="those that are resolved, too")
    listed.set_defaults(run=_run("incidents"))
    common = argparse.ArgumentParser(add_help=False)  # `incidents --json show 1` says it already
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON instead of tables")
    parts = listed.add_subparsers(title="commands", metavar="COMMAND")
    acting = argparse.ArgumentParser(add_help=False)
    acting.add_argument("id", type=int, metavar="ID", help="number of the incident")
    acting.add_argument("--by", metavar="NAME", default="", help="who does it (default: you)")

    show = parts.add_parser("show", parents=[common], help="one incident: evidence, suggested repair, what happened")
    show.add_argument("id", type=int, metavar="ID", help="number of the incident")
    show.set_defaults(run=_run("show"))
    acknowledge = parts.add_parser("ack", parents=[common, acting], help="you look after it; nobody else is called")
    acknowledge.set_defaults(run=_run("acknowledge"))
    silence = parts.add_parser("silence", parents=[common, acting], help="no word about it for a while")
    silence.add_argument(
        "--for", dest="span", type=span, default=span("4h"), metavar="TIME", help="such as 30m, 4h, 2d"
    )
    silence.add_argument("--reason", default="", metavar="TEXT")
    silence.set_defaults(run=_run("silence"))
    assign = parts.add_parser("assign", parents=[common, acting], help="whose it is")
    assign.add_argument("to", metavar="NAME", help="an empty name takes it back")
    assign.set_defaults(run=_run("assign"))
    note = parts.add_parser("note", parents=[common, acting], help="write something down")
    note.add_argument("text", metavar="TEXT")
    note.set_defaults(run=_run("note"))
    resolve = parts.add_parser("resolve", parents=[common, acting], help="it is mended")
    resolve.add_argument("--reason", required=True, metavar="TEXT", help="what was done")
    resolve.set_defaults(run=_run("resolve"))

    work = parts.add_parser(
        "maintenance", parents=[common], help="planned work: no alerts meanwhile; without options a list"
    )
    work.add_argument("--for", dest="span", type=span, metavar="TIME", help="how long, such as 30m, 4h, 2d")
    work.add_argument("--from", dest="start", type=moment, metavar="TIME", help="UTC, 2026-03-01T22:00 (default: now)")
    work.add_argument("--platform", choices=("make", "n8n"), help="only this platform")
    work.add_argument("--scenario", metavar="PLATFORM:ID", help="only this scenario")
    work.add_argument("--customer", metavar="NAME", help="only this client's scenarios")
    work.add_argument("--reason", default="", metavar="TEXT")
    work.add_argument("--by", metavar="NAME", default="", help="who plans it (default: you)")
    work.add_argument("--end", type=int, metavar="NUMBER", help="end this one now")
    work.set_defaults(run=_run("maintenance"))


def span(text: str) -> timedelta:
    """A length of time: `30m`, `4h`, `2d`."""
    match = _SPAN.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time; write it as 30m, 4h or 2d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def moment(text: str) -> datetime:
    """A moment; without a zone it is in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment; write it as 2026-03-01T22:00") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _run(command: str) -> Callable[[argparse.Namespace], Outcome]:
    """A command, whose code is loaded when it runs."""

    def run(options: argparse.Namespace) -> Outcome:
        from manageai_assets.monitoring import incident_commands

        run_it: Callable[[argparse.Namespace], Outcome] = getattr(incident_commands, command)
        return run_it(options)

    return run
