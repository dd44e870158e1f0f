"""Rules for Zapier exports: each step by itself, the values it takes, and what they refer to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from compilers.documents import members
from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.zapier_subject import BOOK, ZapierSubject, is_int, texts
from compilers.secrets import is_secret_name, secret_in

FIELDS = (
    "id", "parent_id", "root_id", "type_of", "selected_api", "action", "params", "meta", "triple_stores", "title",
    "authentication_id", "paused",
)  # fmt: skip
"""Fields that every step has (facts, *Export file*)."""
TYPES = frozenset({"read", "write", "search", "filter"})
LARGEST_INPUT = 6 * 1024 * 1024
"""Bytes of a step's input (facts, *Limits*)."""
_APP = re.compile(r"[A-Za-z][A-Za-z0-9]*API(@[0-9]+\.[0-9]+\.[0-9]+)?")
_HOUR = re.compile(r"(1[0-2]|[1-9])(am|pm)")
_OPEN = re.compile(r"\{\{\d+__[^{}]*+(?!\}\})")
_DAYS = frozenset({"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"})


@BOOK.rule("step.fields", "error", area="step", hint="export the Zap again")
def fields(subject: ZapierSubject) -> Iterator[Place]:
    """A step has every field that Zapier writes."""
    for step in subject.steps:
        missing = [name for name in FIELDS if name not in step.data]
        if missing:
            yield step.where, f"lacks {', '.join(missing)}"


@BOOK.rule("step.id", "error", area="step", hint="write the key as the id")
def identifier(subject: ZapierSubject) -> Iterator[Place]:
    """A step's id is a number, and its key."""
    for step in subject.steps:
        found = step.data.get("id", 0)
        if "id" in step.data and (not is_int(found) or str(found) != step.key):
            yield f"{step.where}.id", f"is `{shorten(str(found), 40)}`"


@BOOK.rule("step.type", "error", area="step", hint="write read, write, search or filter")
def kind(subject: ZapierSubject) -> Iterator[Place]:
    """A step's type is one that Zapier has."""
    for step in subject.steps:
        found = step.data.get("type_of")
        if "type_of" in step.data and (not isinstance(found, str) or found not in TYPES):
            yield f"{step.where}.type_of", f"is `{shorten(str(found), 40)}`"


@BOOK.rule("step.params", "error", area="step", hint="write the input values as an object")
def params(subject: ZapierSubject) -> Iterator[Place]:
    """A step's input values are an object."""
    for step in subject.steps:
        if "params" in step.data and not isinstance(step.data["params"], dict):
            yield f"{step.where}.params", "is no object"


@BOOK.rule("step.app", "error", area="step", hint="write it as exports do, such as `SlackAPI` or `CodeCLIAPI@1.0.1`")
def app(subject: ZapierSubject) -> Iterator[Place]:
    """A step names its app as exports do, with a version of three numbers."""
    for step in subject.steps:
        found = step.data.get("selected_api")
        if "selected_api" in step.data and (not isinstance(found, str) or not _APP.fullmatch(found)):
            yield f"{step.where}.selected_api", f"is `{shorten(str(found), 60)}`"


@BOOK.rule("step.version", "warning", area="step", hint="write the version that was last seen behind an `@`")
def version(subject: ZapierSubject) -> Iterator[Place]:
    """An app that has versions names one."""
    for step in subject.steps:
        found = step.data.get("selected_api")
        if isinstance(found, str) and found.endswith("CLIAPI"):
            yield f"{step.where}.selected_api", f"`{shorten(found, 60)}` names no version"


@BOOK.rule("step.action", "error", area="step", hint="choose its event in Zapier's editor")
def action(subject: ZapierSubject) -> Iterator[Place]:
    """A step has an action: it is no draft."""
    for step in subject.steps:
        if "action" in step.data and not step.action.strip():
            yield f"{step.where}.action", "is empty"


@BOOK.rule("step.size", "error", area="step", hint="send less, or a link to it")
def size(subject: ZapierSubject) -> Iterator[Place]:
    """A step's input is at most 6 MB."""
    for step in subject.steps:
        if sum(len(text) for _, text in texts(step.params, "")) <= LARGEST_INPUT // 4:
            continue
        found = sum(len(text.encode("utf-8", "replace")) for _, text in texts(step.params, ""))
        if found > LARGEST_INPUT:
            yield f"{step.where}.params", f"has {found} bytes"


@BOOK.rule("step.account", "warning", area="step", hint="leave it empty; it is chosen after the import")
def account(subject: ZapierSubject) -> Iterator[Place]:
    """A step of an importable export names no account by a number."""
    if members(members(subject.document).get("metadata")).get("version") != 2:
        return
    for step in subject.steps:
        if is_int(step.data.get("authentication_id")):
            yield f"{step.where}.authentication_id", "is the number of an account, which no other team has"


@BOOK.rule("token.above", "error", area="token", hint="choose a field of a step that runs before")
def above(subject: ZapierSubject) -> Iterator[Place]:
    """A value comes from a step that runs before."""
    for where, step, key in subject.tokens:
        if all(one.key != key for one in step.above):
            there = "runs elsewhere" if key in step.zap.by_key else "isn't there"
            yield where, f"step {key[:40]} {there}"


@BOOK.rule("token.gives", "error", area="token", hint="choose a field of the step before it")
def gives(subject: ZapierSubject) -> Iterator[Place]:
    """A value comes from a step that gives something: no filter, no Paths."""
    for where, step, key in subject.tokens:
        source = step.zap.by_key.get(key)
        if source is not None and source in step.above and (source.is_filter or source.is_paths):
            yield where, f"step {key[:40]} gives nothing"


@BOOK.rule("token.closed", "warning", area="token", hint="write `{{<id>__<field>}}`")
def closed(subject: ZapierSubject) -> Iterator[Place]:
    """A token has its closing braces."""
    for where, _, text in subject.texts:
        found = _OPEN.search(text)
        if found:
            yield where, f"`{shorten(found[0], 40)}` isn't closed"


@BOOK.rule("code.source", "error", area="builtin", hint="write the code")
def code(subject: ZapierSubject) -> Iterator[Place]:
    """A Code step has code."""
    for step in subject.steps:
        if step.app in ("CodeCLIAPI", "CodeAPI") and step.action and not str(step.params.get("code") or "").strip():
            yield f"{step.where}.params.code", "is empty"


@BOOK.rule("code.input", "error", area="builtin", hint="write a map from names to values")
def code_input(subject: ZapierSubject) -> Iterator[Place]:
    """A Code step's input is a map."""
    for step in subject.steps:
        found = step.params.get("input", {})
        if step.app in ("CodeCLIAPI", "CodeAPI") and not isinstance(found, dict):
            yield f"{step.where}.params.input", "is no map"


@BOOK.rule("delay.time", "error", area="builtin", hint="say how long or until when")
def delay(subject: ZapierSubject) -> Iterator[Place]:
    """A Delay says how long, or until when."""
    wanted = {"delay_for": ("delay_for_value", "delay_for_unit"), "delay_until": ("delay_until_date",)}
    for step in subject.steps:
        for name in wanted.get(step.action, ()) if step.app in ("DelayAPI", "DelayCLIAPI") else ():
            if step.params.get(name) in ("", None):
                yield f"{step.where}.params.{name}", "is empty"


@BOOK.rule("schedule.hour", "error", area="builtin", hint="write `8am` or `3pm`")
def hour(subject: ZapierSubject) -> Iterator[Place]:
    """A schedule names its hour as Zapier does."""
    for step in subject.steps:
        found = step.params.get("hod")
        if step.app in ("ScheduleAPI", "ScheduleCLIAPI") and found is not None and not _HOUR.fullmatch(str(found)):
            yield f"{step.where}.params.hod", f"is `{shorten(str(found), 40)}`"


@BOOK.rule("schedule.day", "error", area="builtin", hint="write the day's English name")
def day(subject: ZapierSubject) -> Iterator[Place]:
    """A weekly schedule names a day."""
    for step in subject.steps:
        weekly = step.app in ("ScheduleAPI", "ScheduleCLIAPI") and step.action == "every_week"
        if weekly and str(step.params.get("dow")) not in _DAYS:
            yield f"{step.where}.params.dow", f"is `{shorten(str(step.params.get('dow')), 40)}`"


@BOOK.rule("webhook.address", "error", area="builtin", hint="write the whole address, or map it")
def address(subject: ZapierSubject) -> Iterator[Place]:
    """A webhook step has an address of the web."""
    for step in subject.steps:
        if step.app != "WebHookCLIAPI" or step.action not in ("get", "post", "put", "custom_request"):
            continue
        found = str(step.params.get("url") or "")
        if not found.startswith(("http://", "https://", "{{")):
            yield f"{step.where}.params.url", f"`{shorten(found, 60)}` is no address" if found else "is empty"


@BOOK.rule("webhook.encrypted", "warning", area="builtin", hint="call it by https://")
def encrypted(subject: ZapierSubject) -> Iterator[Place]:
    """A webhook step sends over an encrypted connection."""
    for step in subject.steps:
        if step.app == "WebHookCLIAPI" and str(step.params.get("url") or "").startswith("http://"):
            yield f"{step.where}.params.url", "is not encrypted"


@BOOK.rule("webhook.data", "warning", area="builtin", hint="mend the JSON, or set `as_json` to no")
def data(subject: ZapierSubject) -> Iterator[Place]:
    """What a webhook step sends as JSON text is JSON."""
    for step in subject.steps:
        found = step.params.get("data")
        if step.app != "WebHookCLIAPI" or step.action != "custom_request" or not isinstance(found, str):
            continue
        if found.lstrip().startswith("{") and "{{" not in found:
            try:
                json.loads(found)
            except (ValueError, RecursionError):
                yield f"{step.where}.params.data", "is no JSON"


@BOOK.rule("secret.shape", "error", area="secret", hint="keep it in a connection, and make the old one invalid")
def shape(subject: ZapierSubject) -> Iterator[Place]:
    """No password, key or token is written into a step."""
    for where, _, text in subject.texts:
        found = secret_in(text)
        if found:
            yield where, f"holds {found}"


@BOOK.rule("secret.name", "error", area="secret", hint="keep it in a connection, and make the old one invalid")
def named(subject: ZapierSubject) -> Iterator[Place]:
    """No field that is named for a secret holds a fixed value."""
    for where, _, text in subject.texts:
        name = where.rpartition(".")[2]
        if text and "{{" not in text and is_secret_name(name) and not secret_in(text) and "removed" not in text:
            yield where, "holds a fixed value"
