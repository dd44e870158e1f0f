"""`manageai incidents`, called as people and machines call it."""

from __future__ import annotations

import json

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine

from manageai_assets.cli import EXIT_DONE, EXIT_USAGE, EXIT_WRONG, main
from tests.manageai_assets.monitoring.courses import REFUSED
from tests.manageai_assets.monitoring.judged import Estate


@pytest.fixture
def estate(engine: Engine) -> Estate:
    """An estate with a refused account."""
    estate = Estate(engine)
    key = estate.scenario()
    estate.window("..", key)
    estate.window("FF", key, error=REFUSED)
    return estate


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = EXIT_DONE) -> JsonValue:
    """The JSON that a command prints."""
    assert main([*arguments, "--json"]) == code
    found: JsonValue = json.loads(capsys.readouterr().out)
    return found


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command shows to people."""
    assert main([*arguments]) == EXIT_DONE
    return capsys.readouterr().out


def one(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, JsonValue]:
    """The JSON object that a command prints."""
    found = answer(capsys, *arguments)
    assert isinstance(found, dict)
    return found


def test_a_list_of_what_is_wrong(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "incidents")
    assert isinstance(found, list)
    assert [(row["id"], row["kind"], row["status"], row["scenario"]) for row in found if isinstance(row, dict)] == [
        (1, "credential_failure", "open", "make:1")
    ]
    table = shown(capsys, "incidents")
    assert "credential_failure" in table
    assert "Orders 1 (make:1)" in table


def test_nothing_is_wrong(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "incidents") == "Nothing is wrong.\n"
    assert answer(capsys, "incidents", "--all") == []


def test_one_incident_with_its_repair_and_its_story(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    found = one(capsys, "incidents", "show", "1")
    assert found["repair"] == one(capsys, "incidents", "show", "1")["repair"]
    told = json.dumps(found)
    assert "Connections, `Sheets of Acme`, Reauthorize" in told
    assert [event["kind"] for event in found["events"]] == ["opened"]  # type: ignore[union-attr, call-overload, index]
    text = shown(capsys, "incidents", "show", "1")
    for said in ("Authorization failed", "what to do", "opened", "connection `Sheets of Acme`", "Acme"):
        assert said in text


def test_from_hand_to_hand_to_its_end(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    assert one(capsys, "incidents", "ack", "1", "--by", "ada")["acknowledged_by"] == "ada"
    assert one(capsys, "incidents", "assign", "1", "bo")["assigned_to"] == "bo"
    assert one(capsys, "incidents", "note", "1", "asked the client")["status"] == "acknowledged"
    assert one(capsys, "incidents", "resolve", "1", "--reason", "new key", "--by", "bo")["status"] == "resolved"
    assert answer(capsys, "incidents") == []
    events = one(capsys, "incidents", "show", "1")["events"]
    assert isinstance(events, list)
    assert [(event["kind"], event["note"]) for event in events if isinstance(event, dict)] == [
        ("opened", events[0]["note"] if isinstance(events[0], dict) else ""),
        ("acknowledged", ""),
        ("assigned", "bo"),
        ("noted", "asked the client"),
        ("resolved", "new key"),
    ]
    assert "resolved" in shown(capsys, "incidents", "--all")


def test_who_does_it_is_whoever_is_signed_in(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    assert one(capsys, "incidents", "ack", "1")["acknowledged_by"]


def test_silences(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    assert one(capsys, "incidents", "silence", "1", "--for", "2d", "--reason", "known")["status"] == "silenced"
    assert "is silenced" in shown(capsys, "incidents", "silence", "1")


def test_planned_work_is_listed_until_it_is_over(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "incidents", "maintenance") == "No work is planned.\n"
    scope = ("--scenario", "make:1", "--customer", "Acme")
    planned = answer(capsys, "incidents", "maintenance", "--for", "4h", *scope, "--reason", "move")
    assert isinstance(planned, list)
    assert isinstance(planned[0], dict)
    assert (planned[0]["scope"], planned[0]["reason"]) == ("make:1, Acme", "move")
    assert "make:1, Acme" in shown(capsys, "incidents", "maintenance")
    later = answer(capsys, "incidents", "maintenance", "--for", "30m", "--from", "2099-01-01T10:00")
    assert isinstance(later, list)
    assert len(later) == 2
    assert len(str(answer(capsys, "incidents", "maintenance", "--end", "1"))) < len(str(later))
    assert answer(capsys, "incidents", "maintenance", "--end", "2") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "99"), "incident 99: there is no such incident"),
        (("ack", "99"), "there is no such incident"),
        (("resolve", "1", "--reason", " "), "say what was done"),
        (("maintenance", "--platform", "make"), "say how long the work takes"),
        (("maintenance", "--for", "1h", "--scenario", "make:99"), "there is no such scenario"),
        (("maintenance", "--for", "1h", "--scenario", "99"), "names no scenario"),
        (("maintenance", "--end", "99"), "there is no such work"),
    ],
)
def test_what_cant_be_done(
    arguments: tuple[str, ...], said: str, estate: Estate, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["incidents", *arguments]) == EXIT_WRONG
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [("silence", "1", "--for", "4"), ("silence", "1", "--for", "0h"), ("resolve", "1"), ("ack",), ("ack", "x"),
     ("maintenance", "--for", "1h", "--from", "tomorrow")],
)  # fmt: skip
def test_wrong_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["incidents", *arguments])
    assert raised.value.code == EXIT_USAGE


def test_what_is_resolved_cant_be_taken(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    shown(capsys, "incidents", "resolve", "1", "--reason", "new key")
    assert main(["incidents", "ack", "1"]) == EXIT_WRONG
    assert "is resolved" in capsys.readouterr().err
