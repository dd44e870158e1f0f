"""Reports say what happened, in the order in which it helps, and client text in them is only ever text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from pydantic import JsonValue

from manageai_assets.testing.compare import compare
from manageai_assets.testing.models import (
    Answer,
    Case,
    CaseResult,
    Difference,
    EngineName,
    Failure,
    StepTrace,
    TestReport,
    Trace,
)
from manageai_assets.testing.report import (
    MOST_DIFFERENCES,
    duration,
    headline,
    make_report,
    meaning,
    summary,
    to_html,
    to_markdown,
)
from tests.manageai_assets.build.specs import router
from tests.manageai_assets.testing.traces import big_lead, case, german_lead, request, small_lead

SPEC = router()
HOSTILE = "<script>alert(1)</script> | `x` **b** \u202e שלום {{ lead.body }} [a](javascript:b) \"'&\n```\n# h"
VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """What a browser makes of a page: tags, attributes, text; fails when tags don't match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is read."""
        return "".join(self.texts)

    def cases(self, state: str) -> list[Mapping[str, str | None]]:
        """The cases of that class."""
        return [attrs for tag, attrs in self.tags if tag == "details" and f"case card {state}" == attrs.get("class")]


def changed(trace: Trace, step: str, **changes: object) -> Trace:
    """The run with one step otherwise."""
    other = StepTrace.model_validate({**trace.steps[step].model_dump(), **changes})
    return trace.model_copy(update={"steps": {**trace.steps, step: other}})


def passed(of: Case, run: Trace) -> CaseResult:
    """A case that went as expected."""
    return compare(SPEC, of, run, run)


def wrong_channel(said: str = "Big lead", of: Case | None = None) -> CaseResult:
    """A case whose message went to another channel."""
    expected = changed(
        big_lead(), "key_accounts", requests=(request("key_accounts", channel="key-accounts", text=said),)
    )
    actual = changed(big_lead(), "key_accounts", requests=(request("key_accounts", channel="sales", text=said),))
    return compare(SPEC, of or case("wrong-channel"), expected, actual)


def good(engine: EngineName = "simulate") -> TestReport:
    """Three cases that passed."""
    runs = {"big": big_lead(), "small": small_lead(), "german": german_lead()}
    return make_report(SPEC, engine, "canonical spec", [passed(case(name), run) for name, run in runs.items()])


def bad() -> TestReport:
    """One case that passed and two that didn't."""
    silent = CaseResult(
        case=case("silent", group="errors"), passed=False, expected=big_lead(), problem="no answer in 30 s"
    )
    return make_report(SPEC, "n8n", "n8n export", [passed(case("small"), small_lead()), wrong_channel(), silent])


def hostile() -> TestReport:
    """A report in which everything that a client can write is hostile."""
    of = case(
        "hostile",
        title=HOSTILE,
        why=HOSTILE,
        bundles=({HOSTILE: HOSTILE},),
        answers={"key_accounts": (Answer(failure=Failure(name="500", message=HOSTILE)),)},
    )
    spec = SPEC.model_copy(update={"trigger": SPEC.trigger.model_copy(update={"label": HOSTILE})})
    result = compare(spec, of, wrong_channel(HOSTILE).expected, changed(big_lead(), "key_accounts", requests=(
        request("key_accounts", channel=HOSTILE, text=f"{HOSTILE}!", **{HOSTILE: HOSTILE}),
    )))  # fmt: skip
    return make_report(spec, "simulate", HOSTILE, [result.model_copy(update={"problem": HOSTILE})], [HOSTILE])


def test_a_report_has_passed_when_all_cases_have() -> None:
    assert good().passed
    assert not bad().passed
    assert not make_report(SPEC, "simulate", "canonical spec", []).passed


def test_the_headline_and_the_line_for_logs() -> None:
    assert headline(good()) == "passed 3 of 3 cases on the simulator"
    assert headline(bad()) == "passed 1 of 3 cases on n8n"
    assert summary(good()) == "passed 3 of 3 cases on the simulator (steps 6 of 6, routes 3 of 3, filters 2 of 2)"
    nothing = make_report(SPEC, "make", "Make export", [])
    assert summary(nothing) == "no cases were run on Make: nothing is proven"


def test_times_are_added_up_and_notes_said_once() -> None:
    noted = [small_lead().model_copy(update={"notes": ("no operations",)}) for _ in range(2)]
    report = make_report(SPEC, "n8n", "n8n export", [passed(case(), run) for run in noted], ["first", "no operations"])
    assert report.milliseconds == 1.0
    assert report.notes == ("first", "no operations")


def test_an_engine_that_sees_no_edges_took_those_of_the_cases_that_passed() -> None:
    def blind(run: Trace) -> Trace:
        return run.model_copy(update={"taken": (), "stopped": ()})

    runs = [big_lead(), small_lead(), german_lead()]
    seen = [compare(SPEC, case(), run, blind(run)) for run in runs]
    assert not make_report(SPEC, "n8n", "n8n export", seen).coverage.routes_missed
    failed = [compare(SPEC, case(), small_lead(), blind(big_lead()))]
    assert make_report(SPEC, "n8n", "n8n export", failed).coverage.routes == ()


def test_the_json_is_the_model() -> None:
    assert TestReport.model_validate_json(hostile().model_dump_json()) == hostile()


def test_equal_reports_give_equal_bytes() -> None:
    assert to_html(bad()) == to_html(bad())
    assert to_markdown(bad()) == to_markdown(bad())


def test_markdown_says_what_failed_and_where_to_look() -> None:
    text = to_markdown(bad())
    assert "**Passed 1 of 3 cases on n8n.** It must not be delivered like this." in text
    assert "```diff\n- key-accounts\n+ sales\n```" in text
    assert "`requests[0].inputs.channel`: The app would have received another value in this field." in text
    assert "The engine could not run it: no answer in 30 s" in text
    assert "| ✗ | `key_accounts` Tell key accounts | 1 | 1 | 1 |" in text
    assert "| Routes: every way that a bundle can go, taken once | 2 | 1 | 1 |" in text
    assert "| Routes | 2 | 3 | 66 % |" in text


def test_markdown_of_a_good_report_has_no_failures() -> None:
    text = to_markdown(good())
    assert "What failed" not in text
    assert "✗" not in text
    assert text.count("| ✓ |") == 6 + 3


def test_hostile_text_in_markdown_is_text() -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(to_markdown(hostile()))
    assert "<script" not in page
    assert "<a " not in page
    assert page.count("<h1>") == 1
    assert "&lt;script&gt;alert(1)" in page


def test_html_shows_both_sides_with_the_words_that_differ() -> None:
    page = to_html(bad())
    assert "<mark>key-accounts</mark>" in page
    assert "<mark>sales</mark>" in page
    read = Page(page).text
    assert "Passed 1 of 3 cases on n8n" in read
    assert "The engine could not run it: no answer in 30 s" in read


def test_html_opens_what_failed_and_nothing_else() -> None:
    page = Page(to_html(bad()))
    assert ["open" in attrs for attrs in page.cases("failed")] == [True, True]
    assert ["open" in attrs for attrs in page.cases("passed")] == [False]


@pytest.mark.parametrize("report", [good(), bad(), hostile(), make_report(SPEC, "make", "Make export", [])])
def test_html_needs_nothing_else_and_runs_nothing(report: TestReport) -> None:
    page = Page(to_html(report))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "a", "object", "form"})
    names = {name for _, attrs in page.tags for name in attrs}
    assert names.isdisjoint({"src", "href", "srcset", "action"})
    assert not [name for name in names if name.startswith("on")]
    assert "url(" not in to_html(report)
    policies = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_hostile_text_in_html_is_text() -> None:
    page = to_html(hostile())
    read = Page(page).text
    assert read.count("<script>alert(1)</script>") > 8
    assert "\\u202e" in read
    assert "\u202e" not in page
    assert page.encode()


def test_a_client_that_writes_half_a_character_breaks_nothing() -> None:
    report = make_report(SPEC, "simulate", "canonical spec", [wrong_channel(of=case("half", title="a\ud800b"))])
    assert b"a\\ud800b" in to_html(report).encode()
    assert to_markdown(report).encode()


def test_html_shows_requests_as_names_and_values() -> None:
    read = re.sub(r"\s+", " ", Page(to_html(good())).text)
    assert "google_sheets · add_row" in read
    assert "values › NameAda Example" in read


def test_failures_that_a_case_gives_are_named() -> None:
    down = Answer(failure=Failure(name="timeout", message="no answer"))
    result = wrong_channel(of=case("down", group="errors", answers={"key_accounts": (down, down)}))
    report = make_report(SPEC, "simulate", "canonical spec", [result])
    assert Page(to_html(report)).text.count("time-out: no answer") == 1
    assert to_markdown(report).count("time-out: no answer") == 1


def test_very_many_differences_are_left_to_the_json() -> None:
    inputs: list[dict[str, JsonValue]] = [{f"field{at}": at + shift for at in range(40)} for shift in (0, 1)]
    runs = [changed(big_lead(), "log_big", requests=(request("log_big", "a", "b", **given),)) for given in inputs]
    report = make_report(SPEC, "simulate", "canonical spec", [compare(SPEC, case(), runs[0], runs[1])])
    assert to_html(report).count('class="found"') == MOST_DIFFERENCES
    assert to_markdown(report).count("```diff") == MOST_DIFFERENCES
    for text in (to_html(report), to_markdown(report)):
        assert "And 28 more differences" in text


@pytest.mark.parametrize(
    ("what", "expected", "says"),
    [
        ("reached", True, "did not run"),
        ("reached", False, "nothing must reach it"),
        ("bundles_in", 1, "reached by another number"),
        ("bundles_out", 1, "gave other bundles"),
        ("outputs", [], "gave other bundles"),
        ("outputs[0].ts", "1", "another value here"),
        ("requests", [], "another number of times"),
        ("requests[1].operation", "a", "Another operation"),
        ("requests[1].inputs.values.Name", "a", "another value in this field"),
        ("errors[0].status", 429, "failed otherwise"),
        ("status", "error", "ended otherwise"),
        ("must_end", "error", "ended otherwise"),
        ("error.step", "a", "Another error ended"),
        ("response.body.at", "a", "another answer"),
        ("order", [], "another order"),
        ("operations", 3, "number of operations"),
        ("something.new", 3, "otherwise than expected"),
    ],
)
def test_every_difference_has_a_meaning(what: str, expected: bool | int | str | list[object], says: str) -> None:
    difference = Difference.model_validate({"step": "a", "what": what, "expected": expected, "actual": None})
    assert says in meaning(difference)[0]
    assert meaning(difference)[1]


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "–"), (0.44, "0.4 ms"), (41.2, "41 ms"), (2345, "2.3 s"), (61_000, "61.0 s")]
)
def test_durations(milliseconds: float, text: str) -> None:
    assert duration(milliseconds) == text
