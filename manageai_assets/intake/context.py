"""What is known while a request is read: the fields that steps give, and the values that inputs get from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.registry import InputField, Operation
from manageai_assets.intake.clauses import find_phrase, without_articles
from manageai_assets.intake.conditions import split_condition
from manageai_assets.intake.ledger import Ledger
from manageai_assets.intake.models import Intake
from manageai_assets.intake.naming import id_of
from manageai_assets.intake.plan import FieldType
from manageai_assets.intake.vocabulary import Fill, vocabulary

SUMMARY_FIELDS = 12
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_HASH_NAME = re.compile(r"#([\w-]{1,80})")
_QUOTED = re.compile(r"[\"“„']([^\"“”„']{1,200})[\"”“']")
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
    results: str = ""
    """Id of the search whose results come one by one here; empty when there is one bundle."""
    assumed: dict[str, FieldType] = field(default_factory=dict)
    """Fields taken for granted, by step and path."""
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
        if self.text:
            return self.text
        return "\n".join(f"{_title(known.name)}: {known.template}" for known in self.telling)

    @property
    def telling(self) -> list[Known]:
        """The fields that say something to people: ids and the like are left out while there are others."""
        noise = vocabulary().noise_fields
        return ([known for known in self.fields if known.name not in noise] or self.fields)[:SUMMARY_FIELDS]

    @property
    def record(self) -> dict[str, JsonValue]:
        """All known fields by name."""
        return {_title(known.name): known.template for known in self.telling}


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
        _note_criterion(clause, "where" in operation.inputs, context, where)
    for name, spec in operation.inputs.items():
        rule = next((entry for entry in vocabulary().fill if name in entry.inputs), None)
        value = _value(rule, spec, clause, context, where) if rule else None
        if value is None and spec.required and (known := context.find(name.replace("_", " "))):
            value = known.template
        if value is not None and (spec.required or rule is None or rule.optional):
            inputs[name] = value
        elif value is not None and rule and rule.kind == "record" and not spec.required:
            text = f"Further fields for `{shorten(clause.text, 80)}` are mapped to the client's own names at set-up."
            context.ledger.assume("medium", text, f"{where}.inputs.{name}")
    return inputs


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


def _value(rule: Fill, spec: InputField, clause: Clause, context: Context, where: str) -> JsonValue:
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
        case "summary":
            return context.summary or None
        case "headline":
            telling = context.telling
            return f"{context.about}: {telling[0].template}" if telling and not context.text else context.about
        case "record":
            return (context.record or None) if spec.type in ("object", "any") else None
        case "list":
            return _headers(clause, context)
        case "where":
            return _where(clause) or None
        case "search":
            quoted = _QUOTED.search(clause.text)
            return quoted.group(1) if quoted else clause.object or None


def _where(clause: Clause) -> dict[str, JsonValue]:
    """`where Status is overdue`: the columns that must hold a value, by name."""
    match = find_phrase(clause.text, vocabulary().where_words)
    split = split_condition(clause.text[match.end() :].strip()) if match else None
    if split is None:
        return {}
    column, row, value = split
    column, value = without_articles(column), value.strip(" \"'“”")
    return {column: value} if row.text == "text:equals" and column and value and " and " not in value else {}


def _headers(clause: Clause, context: Context) -> list[JsonValue] | None:
    """The columns that are spoken of: those written, or those searched for and shown."""
    wanted = _where(clause)
    if clause.search:
        return [*wanted, *([vocabulary().result_field] if vocabulary().result_field not in wanted else [])]
    return list(context.record) or None


def _audience(clause: Clause, context: Context, where: str) -> str | None:
    named = _HASH_NAME.search(clause.text)
    if named:
        return named.group(1)
    noun = without_articles(re.split(r"\s(?:to|an)\s", clause.object)[-1])
    words = [word for word in _words(noun) if word not in vocabulary().audience_words]
    if not words or len(words) > 3 or find_phrase(noun, (*vocabulary().record_words, *vocabulary().person_words)):
        return None
    name = "-".join(words)
    context.ledger.assume("low", f"The channel for `{shorten(noun, 60)}` is called {name}.", where)
    return name


def _person(clause: Clause, context: Context, where: str) -> str | None:
    address = _ADDRESS.search(clause.text)
    if address:
        return address.group()
    own = find_phrase(clause.object, vocabulary().own_words)
    if own and context.intake.contact.email:
        context.ledger.assume("low", f"`{own.group()}` is {context.intake.contact.email}.", where)
        return context.intake.contact.email
    known = context.find("email")
    return known.template if known and not own and find_phrase(clause.object, vocabulary().person_words) else None
