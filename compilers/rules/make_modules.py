"""Rules for Make exports: what each module says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.registry import registry
from compilers.rules.engine import Place
from compilers.rules.make_subject import (
    AGGREGATORS,
    BOOK,
    FEEDER,
    IF_ELSE,
    MERGE,
    PLACEHOLDER,
    REPEATER,
    ROUTER,
    MakeSubject,
    Module,
    is_int,
    items,
    members,
    texts,
)

NAME = re.compile(r"(?:[a-z][a-z0-9-]*|app#[a-z0-9-]+):[A-Za-z0-9_]+")
"""`app:Module`; custom apps of an organisation are called `app#slug-1234`."""
KEYS = frozenset(
    {
        "id", "module", "version", "parameters", "mapper", "filter", "metadata", "onerror", "routes", "branches",
        "outputs", "filters", "flags", "tools", "listener", "disabled", "name", "feeder",
    }
)  # fmt: skip
RESPOND, WEBHOOK = "gateway:WebhookRespond", "gateway:CustomWebHook"
SCOPES = frozenset({"roundtrip", "execution"})
NUMBER_FUNCTIONS = frozenset({"avg", "sum", "count", "max", "min"})
SEPARATORS = frozenset({"\n", "\t", "", "other"})
MAX_SLEEP, MAX_REPEATS = 300, 10_000


def _number(value: JsonValue) -> float | None:
    """The number that a literal is or writes, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    return float(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text) else None


def _is_mapped(value: JsonValue) -> bool:
    return isinstance(value, str) and "{{" in value


@BOOK.rule("module.id", "error", area="module", hint="number the modules from 1")
def module_id(subject: MakeSubject) -> Iterator[Place]:
    """Every module but an empty slot has a whole number from 1 as its id."""
    for module in subject.modules:
        if (module.id is None or module.id < 1) and module.name != PLACEHOLDER:
            yield f"{module.where}.id", f"`{shorten(str(module.data.get('id')), 60)}` is no number from 1"


@BOOK.rule("module.unique-id", "error", area="module", hint="give each module a number of its own")
def unique_id(subject: MakeSubject) -> Iterator[Place]:
    """No two modules have the same id, in routes, branches, tools and error handlers too."""
    for number, modules in subject.ids.items():
        for module in modules[1:]:
            yield f"{module.where}.id", f"{number} is the id of {modules[0].where} too"


@BOOK.rule("module.name", "error", area="module", hint="write it as `app:Module`")
def module_name(subject: MakeSubject) -> Iterator[Place]:
    """Every module is named by its app and module."""
    for module in subject.modules:
        if not NAME.fullmatch(module.name):
            yield f"{module.where}.module", f"`{shorten(str(module.data.get('module')), 60)}` is no name of a module"


@BOOK.rule("module.version", "error", area="module", hint="write the version of the module's app")
def module_version(subject: MakeSubject) -> Iterator[Place]:
    """Every module says the version of its app, as a whole number."""
    for module in subject.modules:
        if module.name != PLACEHOLDER and not is_int(module.data.get("version")):
            yield f"{module.where}.version", f"`{shorten(str(module.data.get('version')), 60)}` is no version"


@BOOK.rule("module.known-version", "warning", area="module", hint="take the version that the registry names")
def known_version(subject: MakeSubject) -> Iterator[Place]:
    """A module that the registry knows has the version that was verified."""
    for module in subject.modules:
        known, version = registry().make_versions(module.name), module.data.get("version")
        if known and is_int(version) and version not in known:
            verified = " or ".join(map(str, sorted(known)))
            yield f"{module.where}.version", f"`{module.name}` was verified in version {verified}, not {version}"


@BOOK.rule("module.keys", "info", area="module", hint="leave out what Make doesn't know")
def module_keys(subject: MakeSubject) -> Iterator[Place]:
    """A module has no keys that Make doesn't know."""
    for module in subject.modules:
        for key in module.data:
            if key not in KEYS:
                yield f"{module.where}.{shorten(key, 60)}", "is no part of a module"


@BOOK.rule("module.parameters", "error", area="module", hint="write the settings as an object")
def module_parameters(subject: MakeSubject) -> Iterator[Place]:
    """A module's static settings are an object."""
    for module in subject.modules:
        if not isinstance(module.data.get("parameters"), dict | None):
            yield f"{module.where}.parameters", "is no object"


@BOOK.rule("module.literal-parameters", "warning", area="module", hint="move the value to `mapper`, or write it out")
def literal_parameters(subject: MakeSubject) -> Iterator[Place]:
    """A module's static settings hold no expressions: Make takes them as they stand."""
    for module in subject.modules:
        for where, text in texts(module.parameters, f"{module.where}.parameters"):
            if "{{" in text:
                yield shorten(where), "holds an expression, which Make doesn't evaluate here"


@BOOK.rule("module.mapper", "error", area="module", hint="write the values as an object, or null")
def module_mapper(subject: MakeSubject) -> Iterator[Place]:
    """A module's values per run are an object, or null."""
    for module in subject.modules:
        if not isinstance(module.data.get("mapper"), dict | None):
            yield f"{module.where}.mapper", "is neither an object nor null"


@BOOK.rule("module.empty-mapper", "warning", area="module", hint="write `null`")
def empty_mapper(subject: MakeSubject) -> Iterator[Place]:
    """Routers, if-else and merges map nothing."""
    for module in subject.named(ROUTER, IF_ELSE, MERGE):
        if module.mapper:
            yield f"{module.where}.mapper", f"`{module.name}` maps nothing"


@BOOK.rule("module.metadata", "error", area="module", hint="write the editor's data as an object, or leave it out")
def module_metadata(subject: MakeSubject) -> Iterator[Place]:
    """What the editor keeps with a module is an object."""
    for module in subject.modules:
        if not isinstance(module.data.get("metadata", {}), dict):
            yield f"{module.where}.metadata", "is no object"


@BOOK.rule("aggregator.feeder", "error", area="module", hint="write the source's id into `parameters.feeder`")
def feeder(subject: MakeSubject) -> Iterator[Place]:
    """An aggregator names its source in `parameters.feeder`, by a number."""
    for module in subject.named(*AGGREGATORS):
        if not is_int(module.parameters.get("feeder")):
            yield f"{module.where}.parameters.feeder", "names no source"


@BOOK.rule("aggregator.feeder-place", "error", area="module", hint="move it into `parameters`")
def feeder_place(subject: MakeSubject) -> Iterator[Place]:
    """The source of an aggregator stands in `parameters`, as Make looks nowhere else."""
    for module in subject.modules:
        if "feeder" in module.data:
            yield f"{module.where}.feeder", "Make ignores it here"


@BOOK.rule("aggregator.feeder-upstream", "error", area="module", hint="name a module that runs before the aggregator")
def feeder_upstream(subject: MakeSubject) -> Iterator[Place]:
    """The source of an aggregator is a module that runs before it."""
    for module in subject.named(*AGGREGATORS):
        number = module.parameters.get("feeder")
        if isinstance(number, int) and is_int(number) and not subject.sees(module, number):
            yield f"{module.where}.parameters.feeder", f"no module {number} runs before this one"


@BOOK.rule("aggregator.flags", "error", area="module", hint='write `"flags": {"groupBy": "...", "stopIfEmpty": true}`')
def aggregator_flags(subject: MakeSubject) -> Iterator[Place]:
    """An aggregator's grouping and stop stand in `flags`: a text and a yes or no."""
    for module in subject.modules:
        flags = module.data.get("flags", {})
        group, stop = members(flags).get("groupBy", ""), members(flags).get("stopIfEmpty", False)
        if not isinstance(flags, dict) or not isinstance(group, str) or not isinstance(stop, bool):
            yield f"{module.where}.flags", "is no object with a text and true or false"
        for name in ("groupBy", "stopIfEmpty"):
            if module.name in AGGREGATORS and name in module.parameters:
                yield f"{module.where}.parameters.{name}", "Make ignores it here"


@BOOK.rule("aggregator.separator", "error", area="module", hint='write `"other"`, and the text in `otherRowSeparator`')
def separator(subject: MakeSubject) -> Iterator[Place]:
    """A text aggregator puts a line break, a tab, nothing, or another text between values."""
    for module in subject.named("util:TextAggregator"):
        value = module.parameters.get("rowSeparator", "")
        if not isinstance(value, str) or value not in SEPARATORS:
            yield f"{module.where}.parameters.rowSeparator", f"can't be `{shorten(str(value), 60)}`"
        elif value == "other" and not isinstance(module.parameters.get("otherRowSeparator"), str):
            yield f"{module.where}.parameters.otherRowSeparator", "is missing"


@BOOK.rule("aggregator.function", "error", area="module", hint="take avg, sum, count, max or min")
def number_function(subject: MakeSubject) -> Iterator[Place]:
    """A numeric aggregator has a function that Make knows."""
    for module in subject.named("util:FunctionAggregator2"):
        if module.parameters.get("fn") not in [*NUMBER_FUNCTIONS]:
            yield f"{module.where}.parameters.fn", f"there is no `{shorten(str(module.parameters.get('fn')), 60)}`"


@BOOK.rule("module.iterator", "warning", area="module", hint="map an array to `array`")
def iterator(subject: MakeSubject) -> Iterator[Place]:
    """An iterator has an array to go through."""
    for module in subject.named(FEEDER):
        if module.mapper.get("array") in (None, "", []):
            yield f"{module.where}.mapper.array", "is empty"


@BOOK.rule("module.repeater", "error", area="module", hint="repeat 0 to 10000 times")
def repeater(subject: MakeSubject) -> Iterator[Place]:
    """A repeater counts by numbers, 0 to 10000 times."""
    for module in subject.named(REPEATER):
        for name, low, high in (("start", -1e15, 1e15), ("repeats", 0, MAX_REPEATS), ("step", -1e15, 1e15)):
            value, number = module.mapper.get(name), _number(module.mapper.get(name))
            missing = value is None and name != "repeats"
            if not missing and not _is_mapped(value) and (number is None or not low <= number <= high):
                yield f"{module.where}.mapper.{name}", f"can't be `{shorten(str(value), 60)}`"


@BOOK.rule("module.sleep", "error", area="module", hint="wait 1 to 300 seconds; chain modules to wait longer")
def sleep(subject: MakeSubject) -> Iterator[Place]:
    """A pause lasts 1 to 300 seconds."""
    for module in subject.named("util:FunctionSleep"):
        value, number = module.mapper.get("duration"), _number(module.mapper.get("duration"))
        if not _is_mapped(value) and (number is None or not 1 <= number <= MAX_SLEEP):
            yield f"{module.where}.mapper.duration", f"`{shorten(str(value), 60)}` is not 1 to {MAX_SLEEP} seconds"


@BOOK.rule("module.variable-scope", "error", area="module", hint="write `roundtrip` or `execution`")
def variable_scope(subject: MakeSubject) -> Iterator[Place]:
    """Setting variables says their scope: without it, the module fails."""
    for module in subject.named("util:SetVariable2", "util:SetVariables"):
        scope = module.mapper.get("scope")
        if not _is_mapped(scope) and scope not in [*SCOPES]:
            yield f"{module.where}.mapper.scope", f"`{shorten(str(scope), 60)}` is no scope"


@BOOK.rule("module.variable-name", "warning", area="module", hint="give the variable a name")
def variable_name(subject: MakeSubject) -> Iterator[Place]:
    """Variables have names."""
    for module in subject.named("util:SetVariable2", "util:GetVariable2"):
        if module.mapper.get("name") in (None, ""):
            yield f"{module.where}.mapper.name", "is empty"
    for module in subject.named("util:SetVariables"):
        for index, variable in enumerate(items(module.mapper.get("variables"))):
            if members(variable).get("name") in (None, ""):
                yield f"{module.where}.mapper.variables[{index}].name", "is empty"


def _is_http(module: Module) -> bool:
    return module.name.startswith("http:")


@BOOK.rule("module.http-method", "error", area="module", hint="write the method in lower case")
def http_method(subject: MakeSubject) -> Iterator[Place]:
    """The HTTP app's methods are written in lower case."""
    for module in subject.modules:
        method = module.mapper.get("method")
        if _is_http(module) and isinstance(method, str) and not _is_mapped(method) and method != method.lower():
            yield f"{module.where}.mapper.method", f"`{shorten(method, 60)}` is not in lower case"


@BOOK.rule("module.pairs", "error", area="module", hint="write name/value in the HTTP app, key/value elsewhere")
def pairs(subject: MakeSubject) -> Iterator[Place]:
    """Headers are pairs of name and value in the HTTP app, and of key and value in an answer to a webhook."""
    for module in subject.modules:
        wrong = "key" if _is_http(module) else "name" if module.name == RESPOND else None
        right = "name" if wrong == "key" else "key"
        for field in ("headers", "qs", "queryParameters") if wrong else ():
            for index, pair in enumerate(items(module.mapper.get(field))):
                if isinstance(pair, dict) and wrong in pair and right not in pair:
                    yield f"{module.where}.mapper.{field}[{index}]", f"says `{wrong}` where Make reads `{right}`"


@BOOK.rule("module.url", "warning", area="module", hint="write the address with https:// before it")
def url(subject: MakeSubject) -> Iterator[Place]:
    """A request goes to an address."""
    for module in subject.modules:
        address = module.mapper.get("url")
        if module.name.startswith(("http:ActionSend", "http:MakeRequest", "http:ActionGetFile")):
            fits = isinstance(address, str) and re.match(r"\s*(https?://|\{\{)", address)
            if not fits:
                yield f"{module.where}.mapper.url", f"`{shorten(str(address), 60)}` is no address"


@BOOK.rule("module.respond-webhook", "error", area="module", hint="start with a webhook, or remove the answer")
def respond_webhook(subject: MakeSubject) -> Iterator[Place]:
    """Only a scenario that a webhook starts can answer it."""
    first = subject.first
    if first and first.name and first.name != WEBHOOK and "__IMTHOOK__" not in first.parameters:
        for module in subject.named(RESPOND):
            if module.flow.live:
                yield module.where, f"answers a webhook, yet `{shorten(first.name, 60)}` starts the scenario"


@BOOK.rule("module.respond-status", "error", area="module", hint="answer with an HTTP status such as 200")
def respond_status(subject: MakeSubject) -> Iterator[Place]:
    """An answer's status is an HTTP status: 100 to 599."""
    for module in subject.named(RESPOND):
        value, number = module.mapper.get("status"), _number(module.mapper.get("status"))
        if value not in (None, "") and not _is_mapped(value) and (number is None or not 100 <= number <= 599):
            yield f"{module.where}.mapper.status", f"`{shorten(str(value), 60)}` is no HTTP status"


@BOOK.rule("module.trigger-place", "error", area="module", hint="make it the first module")
def trigger_place(subject: MakeSubject) -> Iterator[Place]:
    """A webhook that starts scenarios is the first module."""
    for module in subject.named(WEBHOOK, "gateway:CustomMailHook"):
        if module is not subject.first and module.flow.live:
            yield module.where, f"`{module.name}` can only start a scenario"
