"""`manageai clients` and `manageai opportunities`, called as people and machines call them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine

from manageai_assets.cli import EXIT_DONE, EXIT_USAGE, EXIT_WRONG, main
from manageai_assets.clients.facts import facts_of
from manageai_assets.clients.stored import keep_facts
from resources.artifacts import BuildKey
from tests.manageai_assets.build import specs
from tests.manageai_assets.clients.estates import deploy, make, ran, scenario

SINCE, TODAY = datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 20)


@pytest.fixture
def agency(engine: Engine) -> Engine:
    """Two clients: one with two scenarios of the same flow, of which one fails; one with a scenario in no build."""
    with engine.begin() as connection:
        for slug in ("orders", "refunds"):
            keep_facts(connection, BuildKey(slug, 1), facts_of(specs.linear(), tested=True), SINCE)
    for name, customer in (("orders", "Fern & Oak"), ("refunds", "Fern & Oak"), ("mails", "Quay 9 [red]")):
        deploy(engine, scenario(name, customer=customer), SINCE)
    deploy(engine, scenario("ours", customer=""), SINCE)
    ends = [SINCE + timedelta(hours=n) for n in range(19 * 24)]
    ran(engine, scenario("orders"), ends, operations=100, failed=40)
    make(engine, TODAY)
    return engine


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> JsonValue:
    """The JSON that a command prints."""
    assert main([*arguments, "--json"]) == EXIT_DONE
    found: JsonValue = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.usefixtures("agency")
def test_all_clients(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "clients")
    assert isinstance(found, list)
    names = [(one["customer_name"], one["scenarios_total"]) for one in found if isinstance(one, dict)]
    assert names == [("Fern & Oak", 2), ("Quay 9 [red]", 1)]
    assert main(["clients"]) == EXIT_DONE
    shown = capsys.readouterr().out
    assert "Quay 9 [red]" in shown
    assert "Scenarios in production of no known client: 1" in shown


@pytest.mark.usefixtures("agency")
@pytest.mark.parametrize("name", ["Fern & Oak", "fern & oak", "fern"])
def test_one_client_with_everything(capsys: pytest.CaptureFixture[str], name: str) -> None:
    found = answer(capsys, "clients", name)
    assert isinstance(found, dict)
    assert found["customer_name"] == "Fern & Oak"
    flows = found["shared_flows"]
    assert isinstance(flows, list)
    trends = found["trends"]
    assert isinstance(trends, list)
    spans = {one["scenario"]: one["spans"] for one in trends if isinstance(one, dict)}
    ninety = spans["orders"][2] if isinstance(spans["orders"], list) else None
    assert ninety == {"days": 90, "executions": 19 * 24, "errors": 40}
    assert found["changed_since_delivered"] == []
    titles = [flow["titles"] for flow in flows if isinstance(flow, dict)]
    assert titles == [["Score the lead", "Tell sales in Slack", "Log the lead"]]
    assert main(["clients", name]) == EXIT_DONE
    shown = capsys.readouterr().out
    for words in ("Handle errors in orders", "Tell sales in Slack", "orders, refunds"):
        assert words in shown


@pytest.mark.usefixtures("agency")
@pytest.mark.parametrize(("name", "hint"), [("Fern & Oka", "Fern & Oak"), ("zzz", "lists them"), ("", "lists them")])
def test_a_client_that_is_not_there(capsys: pytest.CaptureFixture[str], name: str, hint: str) -> None:
    assert main(["clients", name]) == EXIT_WRONG
    complaint = capsys.readouterr().err
    assert "there is no client" in complaint
    assert hint in complaint
    assert main(["opportunities", "--client", name]) == EXIT_WRONG


@pytest.mark.usefixtures("agency")
def test_opportunities_of_all_and_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "opportunities")
    assert isinstance(found, list)
    told = [(one["client"], one["kind"]) for one in found if isinstance(one, dict)]
    assert ("Fern & Oak", "error_handling") in told
    assert len(told) > 1
    top = answer(capsys, "opportunities", "--top", "1")
    assert top == found[:1]
    assert answer(capsys, "opportunities", "--client", "quay") == []
    assert main(["opportunities"]) == EXIT_DONE
    assert "how that comes about" in capsys.readouterr().out
    assert main(["opportunities", "--client", "quay"]) == EXIT_DONE
    assert "Nothing is found" in capsys.readouterr().out


@pytest.mark.usefixtures("engine")
def test_before_the_first_snapshot(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("clients", "opportunities"):
        assert main([command]) == EXIT_WRONG
        assert "materialise the asset client_snapshots" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_wrong_usage(count: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["opportunities", "--top", count])
    assert ended.value.code == EXIT_USAGE
