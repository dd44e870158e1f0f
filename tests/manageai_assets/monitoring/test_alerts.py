"""Alerts: what people read on Slack and by e-mail, and that it arrives, whatever goes wrong on the way."""

from __future__ import annotations

import json
from datetime import timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from compilers.errors import UserError
from manageai_assets.monitoring.alerts.channels import addressees, missing, senders
from manageai_assets.monitoring.alerts.digest import digest
from manageai_assets.monitoring.alerts.email import Mailbox, address_of, html, plain, to_message
from manageai_assets.monitoring.alerts.escalation import AFTER, level_due
from manageai_assets.monitoring.alerts.notice import Link, Notice, Occasion, Places, notice_of
from manageai_assets.monitoring.alerts.sending import NotNowError, NotWantedError
from manageai_assets.monitoring.alerts.slack import SlackWebhook, to_slack
from manageai_assets.monitoring.incidents import acknowledge, opened
from manageai_assets.monitoring.models import INCIDENT_KINDS, Finding, Incident, IncidentKind, Platform, Severity
from manageai_assets.monitoring.repairs import repair
from manageai_assets.settings import read_settings
from tests.fakes.slack import Fault, fake_slack, wrong_with
from tests.fakes.smtp import PASSWORD, USER, fake_smtp
from tests.manageai_assets.monitoring.courses import NOW, scenario

PLACES = Places("eu1", 4, "https://n8n.example.com/")
HOSTILE = "<!channel> & *bold* <http://evil.test|ok> ``` \r\nBcc: all@example.com\n\0 \u202e" + "x" * 5000
TEXTS = st.text(st.characters(codec="utf-8"), max_size=400) | st.sampled_from([HOSTILE, "<" * 4000, "&amp;" * 900])


def incident(
    kind: IncidentKind = "credential_failure", severity: Severity = "high", platform: Platform = "make"
) -> Incident:
    """An incident that has just opened."""
    evidence = {
        "error": "401 Unauthorized", "step": "Add a row", "connection": "Sheets of Acme", "execution": "run1",
        "setting": "the schedule",
    }  # fmt: skip
    key = scenario(7, platform).key
    return opened(Finding(kind, severity, f"{kind}:{key}", platform, key, NOW, "no", evidence), NOW, 12).incident


def notice(occasion: Occasion = "opened", kind: IncidentKind = "credential_failure") -> Notice:
    """What is said of it."""
    return notice_of(incident(kind), scenario(7), occasion, PLACES)


# -- what is said --------------------------------------------------------------------------------------------------


def test_a_notice_says_what_since_when_where_and_what_to_do() -> None:
    found = notice()
    assert found.title == "Account refused: Orders 7"
    assert dict(found.facts)["Since"] == "2026-03-31 12:00 UTC"
    assert dict(found.facts)["Where"] == (
        "Make, scenario `Orders 7` (7), step `Add a row`, connection `Sheets of Acme`"
    )  # fmt: skip
    assert found.last_error == "401 Unauthorized"
    assert any("Connections, `Sheets of Acme`, Reauthorize" in line for line in found.todo)
    assert [link.url for link in found.links] == [
        "https://eu1.make.com/4/scenarios/7/edit",
        "https://eu1.make.com/4/scenarios/7/logs/run1",
    ]
    assert "manageai incidents ack 12" in found.footer


def test_pages_of_n8n() -> None:
    found = notice_of(incident(platform="n8n"), scenario(7, "n8n"), "opened", PLACES)
    assert [link.url for link in found.links] == [
        "https://n8n.example.com/workflow/7",
        "https://n8n.example.com/workflow/7/executions/run1",
    ]
    assert notice_of(incident(), scenario(7), "opened", Places()).links == ()


@pytest.mark.parametrize("platform", ["make", "n8n"])
@pytest.mark.parametrize("kind", INCIDENT_KINDS)
def test_every_kind_has_a_repair_in_words(kind: IncidentKind, platform: Platform) -> None:
    for owner in (scenario(7, platform), None):
        ticket = repair(incident(kind, platform=platform), owner)
        assert ticket.steps
        assert not any("{" in line or "``" in line for line in ticket.steps)


def test_what_isnt_known_is_left_out_of_a_repair() -> None:
    bare = opened(Finding("rate_limit", "high", "x", "n8n", scenario(7, "n8n").key, NOW, "no"), NOW, 1).incident
    assert all("``" not in line and "decides" not in line for line in repair(bare, scenario(7, "n8n")).steps)


def test_a_resolved_notice_says_how() -> None:
    over = notice_of(incident(), scenario(7), "resolved", PLACES)
    assert over.title.startswith("Resolved: ")
    assert over.todo == ()
    assert over.last_error == ""


# -- Slack ---------------------------------------------------------------------------------------------------------


def test_slack_shows_it() -> None:
    with fake_slack() as slack:
        SlackWebhook(slack.address).send(notice(), "key")
    blocks = json.dumps(slack.posted[0]["blocks"])
    for said in ("Account refused: Orders 7", "401 Unauthorized", "Since", "What to do", "Scenario in Make", "ack 12"):
        assert said in blocks
    assert slack.texts == [":large_orange_circle: Account refused: Orders 7"]


@settings(max_examples=30)
@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=25), st.booleans())
def test_slack_takes_every_text_literally(title: str, what: str, lines: list[str], escalated: bool) -> None:
    made = Notice(
        occasion="escalated" if escalated else "opened",
        severity="critical",
        title=title or "t",
        what=what,
        facts=tuple((line[:50] or "x", line or "y") for line in lines),
        last_error=what,
        todo=tuple(lines),
        links=tuple(Link(name="page", url=f"https://example.com/{number}") for number in range(len(lines))),
        footer=what,
    )
    message = to_slack(made)
    assert wrong_with(message) == ""
    header, *others = message["blocks"] if isinstance(message["blocks"], list) else []
    assert "plain_text" in str(header)
    parsed = json.dumps([message["text"], *others])
    assert parsed.count("<!channel>") == (2 if escalated else 0)


def test_only_a_critical_one_that_nobody_takes_calls_everybody() -> None:
    critical = notice_of(incident(severity="critical"), scenario(7), "escalated", PLACES)
    assert "<!channel>" in str(to_slack(critical))
    assert "<!channel>" not in str(to_slack(notice("escalated")))
    assert "<!channel>" not in str(to_slack(critical.model_copy(update={"occasion": "opened"})))


@pytest.mark.parametrize(
    ("fault", "error", "wait"),
    [
        (Fault(429, "rate_limited", "30"), NotNowError, 30.0),
        (Fault(500), NotNowError, None),
        (Fault(503, "no"), NotNowError, None),
        (Fault(None), NotNowError, None),
        (Fault(400, "invalid_payload"), NotWantedError, None),
        (Fault(403, "action_prohibited"), NotWantedError, None),
        (Fault(404, "channel_not_found"), NotWantedError, None),
        (Fault(410, "channel_is_archived"), NotWantedError, None),
    ],
)
def test_what_slack_answers(fault: Fault, error: type[Exception], wait: float | None) -> None:
    with fake_slack(fault) as slack, pytest.raises(error) as raised:
        SlackWebhook(slack.address).send(notice(), "key")
    assert getattr(raised.value, "wait", None) == wait
    assert "T000" not in str(raised.value)


def test_an_address_that_is_none_is_a_users_error() -> None:
    with pytest.raises(UserError, match="SLACK_WEBHOOK_URL") as raised:
        SlackWebhook(SecretStr("hooks.example.com/secret"))
    assert "secret" not in str(raised.value)


# -- e-mail --------------------------------------------------------------------------------------------------------


def test_email_says_it_in_text_and_html() -> None:
    with fake_smtp() as smtp:
        mailbox = Mailbox(
            "127.0.0.1", smtp.port, USER, ("team@example.com",), user=USER, password=SecretStr(PASSWORD)
        )  # fmt: skip
        mailbox.send(notice().model_copy(update={"to": ("ops@example.com",)}), "incident:12:0:high:email")
    message = smtp.messages[0]
    assert message["Subject"] == "[high] Account refused: Orders 7"
    assert smtp.receivers == [["team@example.com", "ops@example.com"]]
    assert smtp.signed_in == [True]
    text_part, html_part = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(text_part, EmailMessage)
    assert isinstance(html_part, EmailMessage)
    for part in (text_part, html_part):
        assert "401 Unauthorized" in part.get_content()


def test_an_email_that_is_sent_twice_has_one_id() -> None:
    one, again, other = (to_message(notice(), USER, ["a@example.com"], key) for key in ("1", "1", "2"))
    assert one["Message-ID"] == again["Message-ID"] != other["Message-ID"]


@given(TEXTS, TEXTS)
def test_no_text_gets_into_the_headers(title: str, what: str) -> None:
    made = notice().model_copy(update={"title": title, "what": what, "facts": ((title, what),)})
    message = to_message(made, USER, ["team@example.com"], title)
    assert message["To"] == "team@example.com"
    assert message["Bcc"] is None
    header = message.as_bytes().split(b"\n\n")[0]
    assert b"\nBcc" not in header
    assert len(message.get_all("Subject", [])) == 1


@given(TEXTS)
def test_html_is_escaped(words: str) -> None:
    body = html(notice().model_copy(update={"title": words, "what": words, "todo": (words,)}))
    assert "<http" not in body
    assert "<!channel>" not in body


def test_text_keeps_the_order_of_reading() -> None:
    body = plain(notice())
    places = [body.index(part) for part in ("Account refused", "Since:", "Last error:", "What to do:", "https://")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "address", ["a@example.com", "Ops <ops@example.com>", "first.last+tag@mail.example.com"]
)  # fmt: skip
def test_addresses(address: str) -> None:
    assert address_of(address) in address


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c.test", "a@example.com\nBcc: b@example.com", "a b@example.com", "@b.test", "a@"]
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UserError, match="no e-mail address"):
        address_of(address)


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (("RCPT", "550 no such user"), NotWantedError),
        (("RCPT", "450 mailbox busy"), NotNowError),
        (("DATA", "451 try later"), NotNowError),
        (("DATA", "554 no"), NotWantedError),
        (("AUTH", "535 wrong"), NotWantedError),
        (("MAIL", "421 closing"), NotNowError),
    ],
)
def test_what_a_mail_server_answers(refusal: tuple[str, str], error: type[Exception]) -> None:
    with fake_smtp(refusal) as smtp, pytest.raises(error):
        Mailbox(
            "127.0.0.1", smtp.port, USER, ("team@example.com",), user=USER, password=SecretStr(PASSWORD)
        ).send(notice(), "key")  # fmt: skip


def test_a_mail_server_that_isnt_there() -> None:
    with fake_smtp() as smtp:
        port = smtp.port
    with pytest.raises(NotNowError):
        Mailbox("127.0.0.1", port, USER, ("team@example.com",), timeout=2).send(notice(), "key")


# -- escalation, digest, settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "level"),
    [(timedelta(0), 0), (AFTER[0] - timedelta(seconds=1), 0), (AFTER[0], 1), (AFTER[1], 2), (AFTER[2], 3)],
)
def test_escalation_levels(after: timedelta, level: int) -> None:
    critical = incident(severity="critical")
    told = critical.last_seen_at - after
    assert level_due(critical, told, critical.last_seen_at) == level
    assert level_due(incident(severity="high"), told, critical.last_seen_at) == 0
    assert level_due(acknowledge(critical, "ada", NOW).incident, told, critical.last_seen_at) == 0


def test_a_digest_lists_the_worst_first_and_says_how_many_are_left() -> None:
    slow = [incident("slow_down", "medium") for _ in range(30)]
    found = digest([*slow, incident(severity="critical")], {scenario(7).key: scenario(7)}, NOW, NOW)
    assert found is not None
    assert found.what.splitlines()[0].startswith("[critical] Account refused: Orders 7 (Acme)")
    assert found.what.endswith("... and 21 more")
    assert wrong_with(to_slack(found)) == ""
    assert digest([], {}, NOW, NOW) is None


@pytest.mark.parametrize(
    ("given_settings", "channels"),
    [
        ({}, ()),
        ({"SLACK_WEBHOOK_URL": "https://hooks.example.com/x"}, ("slack",)),
        ({"ALERT_EMAIL": "team@example.com"}, ()),
        ({"ALERT_EMAIL": "team@example.com", "SMTP_HOST": "mail.example.com"}, ("email",)),
        (
            {
                "SLACK_WEBHOOK_URL": "https://hooks.example.com/x",
                "ALERT_EMAIL": "team@example.com",
                "SMTP_HOST": "mail.example.com",
            },
            ("slack", "email"),
        ),
    ],
)
def test_settings_say_which_channels_there_are(
    given_settings: dict[str, str], channels: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in ("SLACK_WEBHOOK_URL", "ALERT_EMAIL", "SMTP_HOST"):
        monkeypatch.setenv(name, given_settings.get(name, ""))
    found = read_settings()
    assert tuple(senders(found)) == addressees(found).channels == channels
    assert bool(missing(found)) is not bool(channels)
