"""`manageai`: the command line. Only what runs in production needs the database; nothing needs a server.

Tables and progress go to people; `--json` prints one JSON document for machines. Exit codes: 0 done, 1 something is
wrong with what was given (or a document has errors), 2 wrong usage. Errors of users print one message, no traceback.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import JsonValue

from compilers.errors import UserError
from compilers.exports import platforms
from compilers.migration_sides import TARGETS
from manageai_assets import commands
from manageai_assets.analytics_arguments import add_data
from manageai_assets.monitoring.incident_arguments import add_incidents

EXIT_DONE, EXIT_WRONG, EXIT_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    options = _parser().parse_args(arguments)
    try:
        outcome: commands.Outcome = options.run(options)
    except UserError as error:
        _complain(error, as_json=options.json)
        return EXIT_WRONG
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_DONE
    if options.json:
        print(json.dumps(outcome.data, indent=2, ensure_ascii=False))
    else:
        outcome.show()
    return EXIT_DONE if outcome.good else EXIT_WRONG


def _complain(error: UserError, *, as_json: bool) -> None:
    if as_json:
        findings: list[JsonValue] = [finding.model_dump(mode="json") for finding in error.findings]
        problem = {"what": error.what, "where": error.where, "hint": error.hint, "findings": findings}
        print(json.dumps({"error": problem}, indent=2, ensure_ascii=False))
    else:
        print(f"manageai: {error}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manageai", description="Client requests to running automations.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON instead of tables")
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    build = verbs.add_parser("build", parents=[common], help="intakes to delivery packages")
    build.add_argument("files", nargs="+", type=Path, metavar="FILE", help="intake, YAML or JSON")
    build.add_argument(
        "--out", type=Path, metavar="DIR", default=Path("packages"), help="where packages go (default: ./packages)"
    )
    build.set_defaults(run=commands.build)

    compile_ = verbs.add_parser("compile", parents=[common], help="a spec to one platform's export")
    compile_.add_argument("spec", type=Path, metavar="SPEC", help="canonical spec, JSON")
    compile_.add_argument("--to", required=True, choices=platforms(), help="platform")
    compile_.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    compile_.set_defaults(run=commands.compile_spec)

    origin = argparse.ArgumentParser(add_help=False)
    origin.add_argument("--customer", default="Unnamed client", metavar="NAME", help="whose scenario it is")
    origin.add_argument(
        "--timezone", default="UTC", type=_timezone, metavar="ZONE", help="of the organisation in Make (default: UTC)"
    )

    migrate = verbs.add_parser(
        "migrate", parents=[common, origin], help="exports of Make, n8n or Zapier to another of them"
    )
    migrate.add_argument("paths", nargs="+", type=Path, metavar="FILE|DIR", help="exports, or folders of them")
    migrate.add_argument("--to", required=True, choices=tuple(TARGETS), help="platform")
    migrate.add_argument(
        "-o", "--output", type=Path, metavar="DIR", default=Path("migrated"), help="default: ./migrated"
    )
    migrate.add_argument("--report", type=Path, metavar="DIR", help="where reports go (default: beside the exports)")
    migrate.add_argument("--submit", action="store_true", help="hand the blueprints to Dagster too (INBOX_DIR)")
    migrate.set_defaults(run=_migration("migrate"))

    parse = verbs.add_parser("parse", parents=[common, origin], help="an export of a platform to a canonical spec")
    parse.add_argument("file", type=Path, metavar="FILE", help="Make blueprint, n8n workflow or Zap, JSON")
    parse.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    parse.set_defaults(run=_migration("parse"))

    test = verbs.add_parser("test", parents=[common], help="what proves that a build, a spec or an export works")
    test.add_argument("subject", metavar="SLUG@vN|SPEC|EXPORT", help="a build, a canonical spec or an export")
    test.add_argument("--on", choices=("simulate", "n8n", "make"), help="engine (default: TEST_ENGINE, else simulate)")
    test.add_argument("-o", "--output", type=Path, metavar="DIR", help="write the report there: JSON, Markdown, HTML")
    test.add_argument("--artifacts", type=Path, metavar="DIR", help="where builds are (default: ARTIFACTS_URI)")
    test.set_defaults(run=_of_tests("test"))

    sow = verbs.add_parser("sow", parents=[common], help="the documents of a build that the client signs")
    sow.add_argument("build", metavar="SLUG@vN", help="a build")
    sow.add_argument("-o", "--output", type=Path, metavar="DIR", help="where they go (default: ./SLUG-vN)")
    sow.add_argument("--artifacts", type=Path, metavar="DIR", help="where builds are (default: ARTIFACTS_URI)")
    sow.set_defaults(run=_of_documents)

    deploy = verbs.add_parser(
        "deploy", parents=[common], help="a build into production: what would happen, then, with --yes, that"
    )
    deploy.add_argument("build", metavar="SLUG@vN", help="a build")
    deploy.add_argument("--to", required=True, choices=("make", "n8n"), help="platform")
    deploy.add_argument("--yes", action="store_true", help="do it")
    deploy.add_argument("--start", action="store_true", help="switch it on too")
    deploy.add_argument("--onto", metavar="ID", help="put it in the place of this scenario or workflow")
    deploy.add_argument("--artifacts", type=Path, metavar="DIR", help="where builds are (default: ARTIFACTS_URI)")
    deploy.set_defaults(run=_of_production("deploy"))

    scenarios = verbs.add_parser("scenarios", parents=[common], help="what runs in production, deployed or found there")
    scenarios.add_argument("--platform", choices=("make", "n8n"), help="only this one")
    scenarios.add_argument("--discover", action="store_true", help="ask the platforms first")
    scenarios.add_argument("--pause", metavar="PLATFORM:ID", help="don't watch this one for now")
    scenarios.add_argument("--resume", metavar="PLATFORM:ID", help="watch it again")
    scenarios.set_defaults(run=_of_production("scenarios"))
    add_incidents(verbs, common)

    clients = verbs.add_parser("clients", parents=[common], help="how each client does: scenarios, bills, risks")
    clients.add_argument("name", nargs="?", metavar="NAME", help="only this one, with everything that is known")
    clients.set_defaults(run=_of_clients("clients"))
    opportunities = verbs.add_parser("opportunities", parents=[common], help="what is worth doing, the best first")
    opportunities.add_argument("--client", metavar="NAME", help="only this client's")
    opportunities.add_argument("--top", type=_count, default=10, metavar="COUNT", help="so many (default: 10)")
    opportunities.set_defaults(run=_of_clients("opportunities"))
    add_data(verbs, common)

    report = verbs.add_parser("report", parents=[common], help="a client's monthly report, for Word and as PDF")
    report.add_argument("name", metavar="NAME", help="the client; the beginning of its name is enough")
    report.add_argument("--month", metavar="YYYY-MM", help="default: the last one that is over")
    report.add_argument(
        "-o", "--output", type=Path, metavar="DIR", default=Path("reports"), help="where it goes (default: ./reports)"
    )
    report.set_defaults(run=_of_clients("report"))

    pilot = verbs.add_parser("pilot", parents=[common, origin], help="a migrated scenario on both sides, compared")
    pilot.add_argument("blueprint", type=Path, metavar="BLUEPRINT", help="Make blueprint, JSON")
    pilot.add_argument("-o", "--output", type=Path, metavar="DIR", help="write the comparison there")
    pilot.set_defaults(run=_of_tests("pilot"))

    n8n = verbs.add_parser("n8n", help="an n8n server of one's own, for tests")
    n8n_verbs = n8n.add_subparsers(title="commands", required=True, metavar="COMMAND")
    start = n8n_verbs.add_parser("start", parents=[common], help="install it once, start it, and stay until Ctrl-C")
    start.add_argument("--port", type=int, default=5678, metavar="PORT", help="default: 5678")
    start.add_argument("--sandbox", action="store_true", help="apps are played on this machine; nothing leaves it")
    start.set_defaults(run=_of_tests("n8n_start"))

    validate = verbs.add_parser("validate", parents=[common], help="hold a spec or an export against the rules")
    validate.add_argument("file", type=Path, metavar="FILE")
    validate.add_argument("--platform", choices=("auto", "spec", *platforms()), default="auto", help="default: auto")
    validate.add_argument("--report", type=Path, metavar="FILE", help="write the findings there as JSON too")
    validate.set_defaults(run=commands.validate)

    rules = verbs.add_parser("rules", parents=[common], help="the catalogue of rules")
    rules.add_argument("--family", choices=("spec", *platforms()), help="only this family")
    rules.set_defaults(run=commands.rules)

    diff = verbs.add_parser("diff", parents=[common], help="what changed from one spec to another")
    diff.add_argument("old", type=Path, metavar="SPEC")
    diff.add_argument("new", type=Path, metavar="SPEC")
    diff.set_defaults(run=commands.diff)

    apps = verbs.add_parser("apps", parents=[common], help="the apps of the registry, and what they can do")
    apps.add_argument("app", nargs="?", help="only this one, with its inputs and outputs")
    apps.set_defaults(run=commands.apps)
    return parser


def _migration(command: str) -> Callable[[argparse.Namespace], commands.Outcome]:
    """A command of the migrations, whose code is loaded when it runs."""

    def run(options: argparse.Namespace) -> commands.Outcome:
        from manageai_assets.migration import commands as of_migrations

        return of_migrations.migrate(options) if command == "migrate" else of_migrations.parse(options)

    return run


def _of_tests(command: str) -> Callable[[argparse.Namespace], commands.Outcome]:
    """A command of the tests, whose code is loaded when it runs."""

    def run(options: argparse.Namespace) -> commands.Outcome:
        from manageai_assets.testing import commands as of_tests

        run_it: Callable[[argparse.Namespace], commands.Outcome] = getattr(of_tests, command)
        return run_it(options)

    return run


def _of_production(command: str) -> Callable[[argparse.Namespace], commands.Outcome]:
    """A command on what runs in production, whose code is loaded when it runs."""

    def run(options: argparse.Namespace) -> commands.Outcome:
        from manageai_assets.monitoring import production_commands as of_production

        return of_production.deploy(options) if command == "deploy" else of_production.scenarios(options)

    return run


def _of_clients(command: str) -> Callable[[argparse.Namespace], commands.Outcome]:
    """A command on clients, whose code is loaded when it runs."""

    def run(options: argparse.Namespace) -> commands.Outcome:
        from manageai_assets.clients import commands as of_clients
        from manageai_assets.clients.reports import commands as of_reports

        told = {"clients": of_clients.clients, "opportunities": of_clients.opportunities, "report": of_reports.report}
        return told[command](options)

    return run


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def _of_documents(options: argparse.Namespace) -> commands.Outcome:
    """The command of the documents, whose code is loaded when it runs."""
    from manageai_assets.documents import commands as of_documents

    return of_documents.sow(options)


def _timezone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"there is no time zone {name!r}; write it as Europe/Berlin") from None


if __name__ == "__main__":
    sys.exit(main())
