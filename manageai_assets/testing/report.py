"""What became of a suite, for people: as Markdown, and as one HTML file that needs nothing else.

The JSON form is the model itself (`TestReport`). Client text is data in all of them. Equal reports give equal bytes:
times are those that the engines measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from compilers.errors import UserError
from compilers.spec import Spec
from manageai_assets.build import markdown
from manageai_assets.build.flow_words import plural
from manageai_assets.testing.coverage import coverage
from manageai_assets.testing.models import (
    Case,
    CaseGroup,
    CaseResult,
    Coverage,
    Difference,
    EngineName,
    StepResult,
    TestReport,
    Trace,
)
from manageai_assets.testing.readable import Row, pairs, shown, side_by_side, unified

if TYPE_CHECKING:
    from jinja2 import Environment

ENGINES: Mapping[EngineName, str] = {"simulate": "the simulator", "n8n": "n8n", "make": "Make"}
GROUPS: Mapping[CaseGroup, tuple[str, str]] = {
    "routes": ("Routes", "every way that a bundle can go, taken once"),
    "edges": ("Edge cases", "data that are missing, wrong, empty, long or at a limit"),
    "errors": ("Failures", "every app failing in every way, handled as agreed"),
    "business": ("Business cases", "days as the client has them"),
}
MOST_DIFFERENCES = 12
"""Differences of one case that a report spells out; the JSON has all."""

_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        r"reached=True",
        "The module did not run, though this case must reach it.",
        "Look at the filters and routes before it, and whether a module before it failed.",
    ),
    (
        r"reached=False",
        "The module ran, though nothing must reach it in this case.",
        "Look at the filter before it: it lets through what it must stop.",
    ),
    (
        r"bundles_in",
        "The module was reached by another number of bundles.",
        "Look at the filter before it, and at what the module before it gives.",
    ),
    (
        r"bundles_out|outputs(\[\d+\])?",
        "The module gave other bundles than expected.",
        "Look at what it collects, repeats or splits, and at the bundles that reached it.",
    ),
    (r"outputs.*", "The module gave another value here.", "Look at the mapping of this field: reference and formula."),
    (
        r"requests",
        "The app would have been called another number of times.",
        "Look at how many bundles reach the module, and whether it runs once for each of them.",
    ),
    (
        r"requests\[\d+\]\.(app|operation)",
        "Another operation would have been called.",
        "Look at which app and operation the module stands for.",
    ),
    (
        r"requests.*",
        "The app would have received another value in this field.",
        "Look at the mapping of this field: the reference, its path, and the formula around it.",
    ),
    (
        r"errors.*",
        "The module failed otherwise than expected.",
        "Look at what the app was asked for, and at the module's error handler.",
    ),
    (
        r"status|must_end",
        "The run ended otherwise than the error handling says.",
        "Look at the error handler of the module that failed, and at what it does in the end.",
    ),
    (r"error.*", "Another error ended the run.", "Look at the first module that failed otherwise than expected."),
    (r"response.*", "Whoever called the webhook got another answer.", "Look at the module that answers the webhook."),
    (
        r"order",
        "The apps were called in another order.",
        "Look at the order of the routes, and whether bundles go one by one.",
    ),
    (
        r"operations",
        "The run takes another number of operations.",
        "What it does may be right; the estimate of its cost is not.",
    ),
)
_RUNS = {True: "it runs", False: "it does not run"}
_SEEN = "It is otherwise than expected.", "Compare the module with the spec."


def make_report(
    spec: Spec, engine: EngineName, subject: str, results: Sequence[CaseResult], notes: Iterable[str] = ()
) -> TestReport:
    """The report of these results. No results prove nothing: such a report has not passed."""
    said = [note for result in results if result.actual for note in result.actual.notes]
    return TestReport(
        slug=spec.slug,
        version=spec.version,
        engine=engine,
        subject=subject,
        passed=bool(results) and all(result.passed for result in results),
        results=tuple(results),
        coverage=coverage(spec, [trace for result in results for trace in _traces(result)]),
        milliseconds=sum(result.actual.milliseconds for result in results if result.actual),
        notes=tuple(dict.fromkeys((*notes, *said))),
    )


def _traces(result: CaseResult) -> Iterable[Trace]:
    """What the case counts for in the coverage. An engine that can't see which edges bundles take has taken those that
    were expected, when all that it does show is as expected."""
    actual = result.actual
    if actual is None:
        return
    if result.passed and not (actual.taken or actual.stopped):
        actual = actual.model_copy(update={"taken": result.expected.taken, "stopped": result.expected.stopped})
    yield actual


def headline(report: TestReport) -> str:
    """`passed 57 of 58 cases on the simulator`."""
    good, total = sum(result.passed for result in report.results), len(report.results)
    if not total:
        return f"no cases were run on {ENGINES[report.engine]}: nothing is proven"
    return f"passed {good} of {plural(total, 'case')} on {ENGINES[report.engine]}"


def summary(report: TestReport) -> str:
    """The headline and the coverage on one line."""
    parts = [f"{bar.name.lower()} {bar.done} of {bar.total}" for bar in bars(report.coverage) if bar.total]
    return f"{headline(report)} ({', '.join(parts)})" if parts and report.results else headline(report)


def to_markdown(report: TestReport) -> str:
    """The report as Markdown. Raises `UserError` for a template that is wrong."""
    return markdown.render("test_report.md.j2", **_values(report), fenced=fenced)


def to_html(report: TestReport) -> str:
    """The report as one HTML file, without scripts. Raises `UserError` for a template that is wrong."""
    from jinja2 import TemplateError

    try:
        return _environment().get_template("test_report.html.j2").render(**_values(report))
    except TemplateError as error:
        what, hint = f"the template can't be used: {error}", "mend it, or restore the one that came with the project"
        raise UserError(what, where="templates/test_report.html.j2", hint=hint) from None


def _values(report: TestReport) -> dict[str, object]:
    """What both templates may use."""
    grouped = {name: [result for result in report.results if result.case.group == name] for name in GROUPS}
    headed = headline(report)
    return {
        "report": report,
        "headline": headed[0].upper() + headed[1:],
        "engine": ENGINES[report.engine],
        "bars": bars(report.coverage),
        "groups": [(name, *GROUPS[name], results) for name, results in grouped.items() if results],
        "failed": [result for result in report.results if not result.passed],
        "modules": _modules(report.results),
        "most": MOST_DIFFERENCES,
        "pairs": pairs,
        "rows": rows,
        "meaning": meaning,
        "failures": failures,
        "title_of": title_of,
        "duration": duration,
        "plural": plural,
    }


@dataclass(frozen=True)
class Bar:
    """One kind of thing that cases can reach."""

    name: str
    reached: tuple[str, ...]
    missed: tuple[str, ...]

    @property
    def done(self) -> int:
        """How many were reached."""
        return len(self.reached)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.reached) + len(self.missed)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all; also when there are none."""
        return 100 * self.done // self.total if self.total else 100


def bars(covered: Coverage) -> tuple[Bar, ...]:
    """The coverage, kind by kind."""
    return (
        Bar("Steps", covered.steps, covered.steps_missed),
        Bar("Routes", covered.routes, covered.routes_missed),
        Bar("Filters", covered.filters, covered.filters_missed),
        Bar("Error handlers", covered.handlers, covered.handlers_missed),
    )


def meaning(difference: Difference) -> tuple[str, str]:
    """What a difference means, and where to look."""
    what = f"reached={difference.expected}" if difference.what == "reached" else difference.what
    return next(((says, look) for pattern, says, look in _MEANINGS if re.fullmatch(pattern, what)), _SEEN)


@dataclass(frozen=True)
class Module:
    """One module over all cases."""

    step: str
    title: str
    ran: int
    failed: int
    requests: int


def _modules(results: Sequence[CaseResult]) -> tuple[Module, ...]:
    """The modules that any case reached or should have, in the order in which cases first did."""
    seen: dict[str, list[StepResult]] = {}
    for result in results:
        for step in result.steps:
            seen.setdefault(step.step, []).append(step)
    return tuple(
        Module(
            step=identifier,
            title=steps[0].title,
            ran=sum(step.actual is not None for step in steps),
            failed=sum(not step.passed for step in steps),
            requests=sum(len(step.actual.requests) for step in steps if step.actual),
        )
        for identifier, steps in seen.items()
    )


def title_of(result: CaseResult, step: str) -> str:
    """The step's title in this case; the run as a whole has no step."""
    return next((each.title for each in result.steps if each.step == step), step) if step else "The run as a whole"


def failures(case: Case) -> tuple[tuple[str, str], ...]:
    """The failures that this case gives to apps: the step, and what it gets."""
    return tuple(
        (step, f"{'time-out' if failure.status is None else failure.status}: {failure.message}")
        for step, answers in case.answers.items()
        for failure in dict.fromkeys(answer.failure for answer in answers if answer.failure)
    )


def duration(milliseconds: float) -> str:
    """`0.4 ms`, `41 ms`, `2.3 s`; a dash where the engine measured nothing."""
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms" if milliseconds else "–"
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:,.1f} s"


def rows(difference: Difference) -> tuple[Row, ...]:
    """The two sides of a difference, for people."""
    if difference.what == "reached":
        return side_by_side(_RUNS[bool(difference.expected)], _RUNS[bool(difference.actual)])
    return side_by_side(difference.expected, difference.actual)


def fenced(difference: Difference) -> str:
    """A difference as a fenced block of Markdown."""
    text = unified(rows(difference))
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
    return f"{fence}diff\n{text}\n{fence}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(markdown.TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        auto_reload=False,
        finalize=_visible,
    )


def _visible(value: object) -> object:
    """What an expression in the HTML gives, with nothing invisible in it, wherever it came from."""
    return shown(value) if type(value) is str else value
