"""The words that the rules understand: `vocabulary.yaml` and its model. Apps and their verbs are the registry's."""

from __future__ import annotations

from datetime import time
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import Field, JsonValue

from compilers.spec import RegistryName, StepId
from manageai_assets.data import DataModel, parse_data
from manageai_assets.intake.plan import FieldType

Severity = Literal["low", "medium", "high"]


class ScheduleWords(DataModel):
    """How people say when something runs."""

    app: RegistryName
    operation: RegistryName
    every: tuple[str, ...]
    units: dict[str, Literal["minutes", "hours", "day", "weekday", "week", "month"]]
    adverbs: dict[str, Literal["hour", "day", "weekday", "week", "month"]]
    weekdays: dict[str, int]
    parts_of_day: dict[str, time]
    default_time: time


class Placeholder(DataModel):
    """A required input that a person fills in at set-up, since no request says it."""

    inputs: tuple[RegistryName, ...] = Field(description="input names of the registry")
    value: JsonValue
    severity: Severity = "medium"
    text: str = Field(description="the assumption; `{app}` is the app's name")
    question: str = Field(default="", description="asked of the client; not blocking")


class TriggerWords(DataModel):
    """A way to say what starts the automation."""

    phrases: tuple[str, ...] = Field(
        description="words that must stand in the clause, such as `form`; all of one entry"
    )
    app: RegistryName
    operation: RegistryName
    id: StepId
    label: str
    fields: dict[str, FieldType] = Field(default_factory=dict, description="what it usually gives")
    lists: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="those of the fields that hold a list, each with the fields of its elements"
    )
    assumption: str = ""


class AiTask(DataModel):
    """Something that a language model does when the client names no app for it."""

    verbs: tuple[str, ...]
    id: StepId
    label: str
    prompt: str = Field(description="`{object}` is what the clause says it is about")
    number: bool = Field(default=False, description="the answer is a number")
    whole: bool = Field(default=False, description="the answer stands for everything in the messages behind it")
    lists: bool = Field(default=False, description="the clause lists fields, which are read from the answer; `{keys}`")


class OperationWords(DataModel):
    """An operation of the registry."""

    app: RegistryName
    operation: RegistryName


class ReadingWords(OperationWords):
    """The step that reads fields from a text."""

    input: RegistryName
    id: StepId
    label: str


class Rewrite(DataModel):
    """Another way to ask for something."""

    says: str = Field(description="regular expression for the beginning of a clause")
    asks: str = Field(description="what stands there instead; `{0}` is the first group")


class Fill(DataModel):
    """What an input gets when the request doesn't say: by the input's name and type."""

    inputs: tuple[RegistryName, ...]
    kind: Literal[
        "summary", "headline", "record", "audience", "person", "own_address", "instruction", "fixed", "search", "list",
        "where", "address", "method", "chat", "formula",
    ]  # fmt: skip
    value: JsonValue = None
    optional: bool = Field(default=False, description="fill it although the operation doesn't need it")


class Vocabulary(DataModel):
    """The file `vocabulary.yaml`."""

    schedule: ScheduleWords
    placeholders: tuple[Placeholder, ...]
    told: tuple[str, ...]
    qualifiers: tuple[str, ...]
    trigger_openers: tuple[str, ...]
    triggers: tuple[TriggerWords, ...]
    conditionals: tuple[str, ...]
    exceptions: tuple[str, ...] = Field(description="conditions that stop what they stand beside")
    otherwise: tuple[str, ...]
    loops: tuple[str, ...]
    connectors: tuple[str, ...]
    fillers: tuple[str, ...]
    modals: tuple[str, ...]
    receives: tuple[str, ...]
    participles: dict[str, tuple[str, ...]] = Field(description="irregular ones, by verb")
    rewrites: tuple[Rewrite, ...]
    final_verbs: dict[str, tuple[str, ...]] = Field(description="verbs that close a clause, by what opens one")
    auxiliaries: tuple[str, ...]
    separable: tuple[str, ...]
    pauses: tuple[str, ...]
    later: tuple[str, ...] = Field(description="words behind a pause: `two days later`")
    pause_units: dict[str, int] = Field(description="in seconds")
    numbers: dict[str, int]
    retries: tuple[str, ...]
    restricting: tuple[str, ...] = Field(description="words that narrow what is done; never left out in silence")
    clause_fillers: tuple[str, ...]
    verbs: dict[str, tuple[str, ...]] = Field(description="further words for a verb of the registry")
    categories: dict[str, tuple[str, ...]] = Field(
        description="apps' category that a verb asks for when no app is named"
    )
    ai_tasks: tuple[AiTask, ...]
    ai_other: AiTask
    ai_lead_ins: tuple[str, ...]
    address: OperationWords
    reading: ReadingWords
    ai_app: RegistryName = Field(description="used when the client has no app of that kind")
    ai_category: str
    prefer: dict[RegistryName, tuple[RegistryName, ...]] = Field(
        description="app that a general word means: apps that are meant instead when the client has them"
    )
    collect_words: tuple[str, ...]
    record_words: tuple[str, ...] = Field(description="words for the record itself: it, the lead, them")
    person_words: tuple[str, ...]
    to_sender: tuple[str, ...]
    reply_words: tuple[str, ...]
    verb_notes: dict[str, str]
    trigger_fields: dict[str, dict[str, FieldType]]
    own_words: tuple[str, ...] = Field(description="words for the client's own people")
    audience_words: tuple[str, ...] = Field(description="words that are no part of a channel's name")
    fill: tuple[Fill, ...]
    trigger_fillers: tuple[str, ...]
    all_words: tuple[str, ...]
    where_words: tuple[str, ...]
    result_field: str
    noise_fields: tuple[str, ...]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that comes with the project. Raises `UserError` when the file is wrong."""
    file = resources.files("manageai_assets.intake").joinpath("vocabulary.yaml")
    return parse_data(Vocabulary, file.read_text(encoding="utf-8"), file.name)


@cache
def placeholder_of(name: str) -> Placeholder | None:
    """The placeholder for an input of that name, if people leave it out of requests."""
    return next((entry for entry in vocabulary().placeholders if name in entry.inputs), None)
