"""Intakes from files that nobody has checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from compilers.errors import UserError
from compilers.spec import Spec, parse_spec
from manageai_assets.intake.assessment import assess
from manageai_assets.intake.builder import build_spec
from manageai_assets.intake.models import Intake, content_digest, slug_of
from manageai_assets.intake.reading import intake_of, parse_intake, read_intake
from tests.manageai_assets.intake.mutations import mutated_intakes

LOOSE = "customer: Acme\nrequest: Tell sales in Slack when a form comes in.\n"


def test_customer_and_request_are_enough() -> None:
    intake = parse_intake(LOOSE)
    assert intake.customer.name == "Acme"
    assert intake.targets == ("make", "n8n")
    assert intake.key == "acme-tell-sales-in-slack-when"


def test_json_and_yaml_of_the_same_are_the_same_intake(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(LOOSE, encoding="utf-8")
    document = {"customer": "Acme", "request": "Tell sales in Slack when a form comes in."}
    (tmp_path / "b.json").write_text(json.dumps(document), encoding="utf-8")
    one, other = read_intake(tmp_path / "a.yaml"), read_intake(tmp_path / "b.json")
    assert one == other
    assert content_digest(one) == content_digest(other)


def test_the_digest_is_of_what_is_said_and_not_of_the_version() -> None:
    intake = parse_intake(LOOSE)
    assert content_digest(intake.model_copy(update={"version": 7})) == content_digest(intake)
    assert content_digest(parse_intake(LOOSE + "notes: more\n")) != content_digest(intake)


def test_a_dump_is_read_back_as_it_was() -> None:
    for file in sorted((Path(__file__).parents[3] / "examples" / "intakes").glob("*.yaml")):
        intake = read_intake(file)
        assert intake_of(json.loads(json.dumps(intake.model_dump(mode="json")))) == intake


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("07:30", "07:30"),
        ("01234", "01234"),
        ("1_000", "1_000"),
        ("2026-10-05", "2026-10-05"),
        ("0x1F", "0x1F"),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("true", True),
        ("~", None),
        ("'12'", "12"),
    ],
)
def test_plain_yaml_values_are_what_they_look_like(text: str, value: JsonValue) -> None:
    intake = parse_intake(f"{LOOSE}samples: {{x: {text}}}\n")
    assert intake.samples["x"] == value
    assert type(intake.samples["x"]) is type(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("- a\n", "an intake is a map"),
        ("customer: [a\n", "line 2: not YAML"),
        ("customer: a\nrequest: b\ncustomer: c\n", "line 3: the key `customer` stands twice"),
        ('{"customer": "a", "customer": "b"}', "stands twice"),
        ("customer: &x a\nrequest: *x\n", "line 1: YAML anchors"),
        ("customer: a\nrequest: !!python/name:os.system x\n", "line 2: YAML tags"),
        ("customer: a\nrequest: b\n---\ncustomer: c\n", "more than one document"),
        ("? [a, b]\n: c\n", "a key must be text"),
        ("customer: a\n", "`request` is missing"),
        ("customer: a\nrequest: b\nvolume_per_month: many\n", "line 3, volume_per_month"),
        ("customer: a\nrequest: b\nwish: c\n", "line 3, wish"),
        ("customer: a\nrequest: b\nslug: ../../etc\n", "line 3, slug"),
        ("customer: a\nrequest: b\ntimezone: ../../etc/passwd\n", "line 3, timezone"),
        ("customer: a\nrequest: '   '\n", "line 2, request: the request is empty"),
        ("customer: a\nrequest: b\nsteps:\n  - app: slack\n    input: {}\n", "line 5, steps.0.input"),
        ("customer: a\nrequest: b\nsteps:\n  - if: a is b\n", "line 4, steps.0.then: `then` is missing"),
        ("customer: a\nrequest: b\nvolume_per_month: 1" + "0" * 30, "too large"),
        ("customer: a\nrequest: b\nsamples: {x: 1e999}\n", "too large"),
        ('{"customer": "a", "request": "b", "samples": {"x": NaN}}', "NaN"),
        ('{"customer": "a", "request": "b\\u0000"}', "U+0000"),
        ('{"customer": "a\\ud800", "request": "b"}', "U+D800"),
        ('customer: "a\\e[31m"\nrequest: b\n', "U+001B"),
        ("customer: a\nrequest: b \u202e c\n", "U+202E"),
        ("customer: a\nrequest: our key is xoxb-123456789012-abcdefghij\n", "looks like a Slack token"),
        ("a: " + "[" * 100_000, "nested deeper"),
        ('{"a":' * 100_000, "nested deeper"),
        ("customer: " + "x" * 2_100_000, "larger than 2 MB"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_intake(text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 5000


@pytest.mark.parametrize(("data", "says"), [(b"customer: \xff", "line 1: not UTF-8"), (b"\xff\xfea\x00", "not UTF-8")])
def test_bytes_that_are_no_text(data: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says):
        parse_intake(data)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        read_intake(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="can't be read"):
        read_intake(tmp_path)


def test_broken_json_is_not_taken_for_yaml_in_a_json_file(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("customer: Acme\nrequest: x\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 1: not JSON"):
        read_intake(file)


@given(st.text(max_size=300))
def test_slugs_are_safe_whatever_the_text(text: str) -> None:
    slug = slug_of(text)
    assert Intake.model_validate({"customer": "a", "request": "b", "slug": slug}).key == slug


def test_names_that_fold_to_little_stay_apart() -> None:
    assert slug_of("株式会社青空") != slug_of("株式会社白雲")


def _read(reading: Callable[[], Intake]) -> Intake | str:
    """The intake, or the text of its refusal; no other exception is let through."""
    try:
        return reading()
    except UserError as error:
        return str(error)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_any_document_is_an_intake_or_a_clear_error(document: JsonValue) -> None:
    assert _read(lambda: intake_of(document))


@given(st.text(max_size=400) | st.binary(max_size=400))
def test_any_text_is_an_intake_or_a_clear_error(text: str | bytes) -> None:
    assert _read(lambda: parse_intake(text))


KEYS = (
    "app", "operation", "inputs", "id", "label", "when", "routes", "otherwise", "do", "if", "then", "else", "for_each",
    "collect", "as", "value", "from", "wait", "set", "get", "respond", "stop", "repeat", "on_error", "strategy",
)  # fmt: skip
words = st.sampled_from(
    ("slack", "send_message", "a", "each", "trigger", "a.x is 1", "{{ a.x }}", "retry", "text", "error", "webhook", "")
)
plans = st.recursive(
    words | st.integers(-5, 400) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)


@given(st.lists(plans, max_size=4), plans)
@settings(max_examples=150, deadline=None)
def test_any_steps_become_a_spec_or_questions_or_a_clear_error(steps: list[JsonValue], trigger: JsonValue) -> None:
    read = _read(lambda: intake_of({"customer": "a", "request": "b", "steps": steps, "trigger": trigger}))
    if isinstance(read, Intake):
        _finish(read)


def _finish(intake: Intake) -> Spec | None:
    """What a readable intake comes to: a spec that is one, or blocking questions. The same each time."""
    result = assess(intake)
    assert result == assess(intake)
    if not result.ready or result.plan is None:
        assert result.blocking
        return None
    spec = build_spec(intake, result.plan, result.assumptions).spec
    assert spec is not None
    assert parse_spec(json.loads(json.dumps(spec.model_dump(mode="json")))) == spec
    return spec


def test_mutated_intakes_are_built_questioned_or_refused_with_the_place() -> None:
    outcomes = {"built": 0, "asked": 0, "refused": 0}
    for mutation in mutated_intakes(250):
        read = _read(partial(parse_intake, mutation.data, where=mutation.name))
        if isinstance(read, Intake):
            outcomes["built" if _finish(read) else "asked"] += 1
            continue
        assert mutation.name in read
        outcomes["refused"] += 1
    assert min(outcomes.values()) > 10, outcomes
