"""What is known while a request is read: the fields that steps give, and the values that inputs get from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.registry import InputField, Operation
from compilers.spec import Filter
from manageai_assets.intake.clauses import QUOTED, find_phrase, without_articles
from manageai_assets.intake.conditions import split_condition
from manageai_assets.intake.ledger import Ledger
from manageai_assets.intake.models import Intake
from manageai_assets.intake.naming import id_of
from manageai_assets.intake.plan import FieldType
from manageai_assets.intake.vocabulary import Fill, placeholder_of, vocabulary

SUMMARY_FIELDS = 12
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_HASH_NAME = re.compile(r"#([\w-]{1,80})")
_URL = re.compile(r"https?://[^\s<>\"'“”„]{1,1990}[^\s<>\"'“”„.,;:!?)]")
_PLACE = re.compile(r"\{\{?\s*([^{}]{1,80}?)\s*\}?\}|\[([A-Za-z][\w ]{0,60})\]|<([A-Za-z][\w ]{0,60})>")
_NAMING = re.compile(
    r"\b(?:channel|kanal|group|gruppe|chat|sheet|tab|table|tabelle|base|database|list|called|named|in|to|an|#)\s*\Z",
    re.IGNORECASE,
)
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Known:
    """A field that a step before gives."""

    name: str
    template: str
    type: FieldType = "text"


@dataclass
class Context:
    """The fields known so far, and what the automation is about."""

    intake: Intake
    ledger: Ledger
    about: str = "Request"
    body: str = ""
    """Template prefix of further fields of the trigger, such as `form.body`; empty when it has none."""
    fields: list[Known] = field(default_factory=list)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Templates of arrays, each with the fields of its elements."""
    text: str = ""
    """Template of a text that stands for everything, such as a collected summary."""
    whole: str = ""
    """Template of what a language model wrote of everything: messages behind it are that."""
    results: str = ""
    """Id of the search whose results come one by one here; empty when there is one bundle."""
    assumed: dict[str, FieldType] = field(default_factory=dict)
    """Fields taken for granted, by step and path."""
    gate: Filter | None = None
    """What must hold for the automation to do anything: `when an order from Germany comes in`."""
    taken: set[str] = field(default_factory=set)

    def new_id(self, wanted: str) -> str:
        """A step id that is free yet."""
        base = id_of(wanted)
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base[:35]}_{number}", number + 1
        self.taken.add(name)
        return name

    def find(self, noun: str) -> Known | None:
        """The field that a noun means: the same name, or the only one whose name is part of it."""
        wanted = _words(without_articles(noun))
        if not wanted:
            return None
        for known in reversed(self.fields):
            if _words(known.name) == wanted:
                return known
        near = {known.template: known for known in self.fields if set(_words(known.name)) <= set(wanted)}
        return next(iter(near.values())) if len(near) == 1 else None

    def assume_field(self, noun: str, kind: FieldType) -> Known | None:
        """A field that the request speaks of and the trigger may well send; None when the trigger has no such place."""
        name = "_".join(_words(without_articles(noun)))[:60]
        if not self.body or not name or not name.isascii() or len(_words(noun)) > 4:
            return None
        known = Known(name, f"{{{{ {self.body}.{name} }}}}", kind)
        self.fields.append(known)
        self.assumed[f"{self.body}.{name}"] = kind
        self.ledger.assume("medium", f"{self.about} data has a field `{name}`, which the request speaks of.", "trigger")
        return known

    @property
    def summary(self) -> str:
        """All known fields as lines of text."""
        if self.whole or self.text:
            return self.whole or self.text
        return "\n".join(f"{_title(known.name)}: {known.template}" for known in self.telling)

    @property
    def telling(self) -> list[Known]:
        """The fields that say something to people: ids and the like are left out while there are others."""
        noise = vocabulary().noise_fields
        return ([known for known in self.fields if known.name not in noise] or self.fields)[:SUMMARY_FIELDS]

    @property
    def record(self) -> dict[str, JsonValue]:
        """All known fields by name."""
        named: dict[str, JsonValue] = {}
        for known in self.telling:
            named.setdefault(_title(known.name), known.template)
        return named


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in _NOT_WORD.split(text.lower()) if word)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Clause:
    """One thing to do: its text, and the noun behind its verb, without the words for the app."""

    text: str
    object: str
    instruction: str = ""
    search: bool = False


def fill_inputs(operation: Operation, clause: Clause, context: Context, where: str) -> dict[str, JsonValue]:
    """The inputs of an operation, as far as the clause and what is known before it say them."""
    inputs: dict[str, JsonValue] = {}
    if clause.search:
        _note_criterion(clause, bool({"where", "formula"} & set(operation.inputs)), context, where)
    for name, spec in operation.inputs.items():
        rule = _rule(name, spec)
        needed = spec.required or (rule is not None and (rule.optional or rule.kind == "record"))
        value = _value(rule, spec, clause, context, where, operation) if rule and needed else None
        if value is None and spec.required and not clause.search:
            known = context.find(name.replace("_", " ")) or _assumed(name, clause, context)
            value = known.template if known else None
        if value is not None and (spec.required or rule is None or rule.optional):
            inputs[name] = value
        elif value is not None and rule and rule.kind == "record" and not spec.required:
            text = f"Further fields for `{shorten(clause.text, 80)}` are mapped to the client's own names at set-up."
            context.ledger.assume("medium", text, f"{where}.inputs.{name}")
    _note_call(operation, inputs, context, where)
    return inputs


def _note_call(operation: Operation, inputs: dict[str, JsonValue], context: Context, where: str) -> None:
    """What a web address is sent: all that is known when it is sent something, nothing when it is read."""
    if "method" not in operation.inputs or "body" not in operation.inputs:
        return
    if inputs.get("method") == "POST":
        if context.record:
            inputs["body"] = context.record
    elif context.fields:
        text = "The address is called with GET, and nothing is sent to it; the request doesn't say that it should be."
        context.ledger.assume("medium", text, f"{where}.inputs.method")


def record_inputs() -> tuple[str, ...]:
    """Names of the inputs that hold a record."""
    return tuple(name for entry in vocabulary().fill if entry.kind == "record" for name in entry.inputs)


def _rule(name: str, spec: InputField) -> Fill | None:
    fitting = [entry for entry in vocabulary().fill if name in entry.inputs]
    lists = [entry for entry in fitting if entry.kind == "list"]
    return next(iter(lists if lists and spec.type == "array" else fitting), None)


def _assumed(name: str, clause: Clause, context: Context) -> Known | None:
    """A field that the clause speaks of by the name of the input, such as `with the email`."""
    words = vocabulary()
    general = name in (*words.record_words, *words.person_words, *words.clause_fillers) and name != "email"
    said = placeholder_of(name) is None and not general and find_phrase(clause.object, (name.replace("_", " "),))
    return context.assume_field(name, "text") if said else None


def _note_criterion(clause: Clause, takes_where: bool, context: Context, where: str) -> None:
    """A search for something particular must say how it is recognised; else it would find too much."""
    if takes_where and _where(clause):
        return
    noun = without_articles(clause.object)
    noun = re.sub(r"^(?:for|nach)\s+", "", noun, flags=re.IGNORECASE)
    words = set(_words(without_articles(noun))) - set(vocabulary().all_words)
    if words:
        what = f"how `{shorten(noun, 80)}` are recognised is not said"
        context.ledger.fail("search.criterion", where, what, "such as `where Status is overdue`")


def _value(
    rule: Fill, spec: InputField, clause: Clause, context: Context, where: str, operation: Operation
) -> JsonValue:
    match rule.kind:
        case "fixed":
            return rule.value if not spec.options or rule.value in spec.options else None
        case "audience":
            return _audience(clause, context, where)
        case "person":
            return _person(clause, context, where)
        case "own_address":
            return context.intake.contact.email or None
        case "instruction":
            return f"{clause.instruction}\n\n{context.summary}" if clause.instruction else None
        case "address":
            url = _URL.search(clause.text)
            return url.group() if url else None
        case "chat":
            replies = find_phrase(clause.text, vocabulary().reply_words)
            chat = context.find("chat id") if replies else None
            return chat.template if chat else None
        case "method":
            sends = find_phrase(clause.text, ("post", "send", "submit", "sende", "schicke"))
            return "POST" if sends and "POST" in spec.options else None
        case "summary":
            return _message(clause, context, where)
        case "headline":
            if context.whole:
                return context.about
            telling = context.telling
            return f"{context.about}: {telling[0].template}" if telling and not context.text else context.about
        case "record":
            if spec.type not in ("object", "any"):
                return None
            return _named_fields(clause, context) or context.record or None
        case "list":
            return _headers(spec, clause, context, "headers" in operation.inputs)
        case "where":
            return _where(clause, operation) or None
        case "formula":
            return (
                " ".join(f"{{{name}}} = '{value}'" for name, value in _where(clause).items() if "'" not in str(value))
                or None
            )
        case "search":
            quoted = QUOTED.search(clause.text)
            return (quoted.group(1) or quoted.group(2)) if quoted else clause.object or None


def _message(clause: Clause, context: Context, where: str) -> str | None:
    """The text that the clause gives in quotes, with the fields it names; else what is known."""
    for quoted in QUOTED.finditer(clause.text):
        if not _NAMING.search(clause.text[: quoted.start()]):
            return _filled(quoted.group(1) or quoted.group(2), context, where)
    if context.summary:
        own = find_phrase(clause.object, vocabulary().person_words)
        if own and not (context.whole or context.text):
            said = f"The text for `{shorten(clause.text, 80)}` lists what is known; its wording is set at set-up."
            context.ledger.assume("medium", said, where)
        return context.summary
    words = re.sub(r"\s*(?:\b(?:to|in|an)\s+)?#[\w-]+\s*", " ", clause.object).strip(" .")
    if not words:
        return None
    context.ledger.assume("medium", f"The message says `{shorten(words, 120)}`.", where)
    return words[:1].upper() + words[1:]


def _filled(text: str, context: Context, where: str) -> str:
    """A text with its placeholders (`{name}`, `[name]`, `<name>`) made templates; an unknown one is asked about."""

    def fill(match: re.Match[str]) -> str:
        noun = next(group for group in match.groups() if group)
        known = context.find(noun) or context.assume_field(noun, "text")
        if known is not None:
            return known.template
        what = f"which field `{shorten(noun, 60)}` in the text is, is not clear"
        context.ledger.fail("text.field", where, what, "name it as the form or system calls it")
        return ""

    return _PLACE.sub(fill, text)


def _named_fields(clause: Clause, context: Context) -> dict[str, JsonValue]:
    """`save name, phone and preferred date`: the fields that the clause lists, or nothing when it lists none."""
    match = find_phrase(clause.object, ("with the", "with", "mit"))
    said = clause.object[match.end() :] if match else clause.object
    names = [name for part in re.split(r"\s*,\s*|\s+(?:and|und)\s+", said) if (name := without_articles(part))]
    words = vocabulary()
    plain = all(
        len(_words(name)) <= 3 and not set(_words(name)) & {*words.record_words, *words.clause_fillers}
        for name in names
    )
    if not plain or not (match or len(names) > 1):
        return {}
    known = [(name, context.find(name) or context.assume_field(name, "text")) for name in names]
    return {_title(name): field.template for name, field in known if field} if all(f for _, f in known) else {}


def _where(clause: Clause, operation: Operation | None = None) -> dict[str, JsonValue]:
    """`where Status is overdue`: the columns that must hold a value, by name."""
    match = find_phrase(clause.text, vocabulary().where_words)
    split = split_condition(clause.text[match.end() :].strip()) if match else None
    if split is None:
        return {}
    column, row, value = split
    column, value = without_articles(column), value.strip(" \"'“”")
    wanted = operation.inputs.get("fields") if operation else None
    names = [str(name) for name in wanted.example] if wanted and isinstance(wanted.example, list) else []
    own = [name for name in names if column.lower() in name.lower()]
    column = own[0] if len(own) == 1 else column
    return {column: value} if row.text == "text:equals" and column and value and " and " not in value else {}


def _headers(spec: InputField, clause: Clause, context: Context, tabular: bool) -> list[JsonValue] | None:
    """The columns that are spoken of: those written, or those searched for and shown."""
    wanted = _where(clause)
    if clause.search and isinstance(spec.example, list) and not tabular:
        return spec.example
    if clause.search:
        return [*wanted, *([vocabulary().result_field] if vocabulary().result_field not in wanted else [])]
    return list(context.record) or None


def _audience(clause: Clause, context: Context, where: str) -> str | None:
    named = _HASH_NAME.search(clause.text)
    if named:
        return named.group(1)
    spoken = re.split(r"\s(?:to|an)\s", QUOTED.sub("", clause.object))[-1]
    noun = re.split(r"\s(?:a|an|the|with|about|that|ein|eine|einen|über|mit)\s", f"{without_articles(spoken)} ")[
        0
    ].strip()
    if find_phrase(noun, vocabulary().restricting):
        return None
    words = [word for word in _words(noun) if word not in vocabulary().audience_words]
    if not words or len(words) > 3 or find_phrase(noun, (*vocabulary().record_words, *vocabulary().person_words)):
        return None
    name = "-".join(words)
    context.ledger.assume("low", f"The channel for `{shorten(noun, 60)}` is called {name}.", where)
    return name


def _person(clause: Clause, context: Context, where: str) -> JsonValue:
    addresses = _ADDRESS.findall(clause.text)
    if addresses:
        return addresses[0] if len(set(addresses)) == 1 else list(dict.fromkeys(addresses))
    words = vocabulary()
    own = find_phrase(clause.object, words.own_words)
    person = find_phrase(clause.object, (*words.person_words, *(f"{word}s" for word in words.person_words)))
    if own and person and person.start() < own.start():
        own = None
    if own and context.intake.contact.email:
        context.ledger.assume("low", f"`{own.group()}` is {context.intake.contact.email}.", where)
        return context.intake.contact.email
    known = context.find("email") or context.find("from email")
    if own:
        return None
    if person is None:
        if known is None or not find_phrase(clause.text, words.to_sender):
            return None
        said = f"`{shorten(clause.text, 80)}` goes to the address in `{known.name}`; the request names no recipient."
        context.ledger.assume("medium", said, where)
        return known.template
    known = known or context.assume_field("email", "text")
    return known.template if known else None
