"""Spec rules: whether each step says what it needs, with values that its operation takes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.graph import gives_several
from compilers.registry import Operation
from compilers.rules.engine import Place
from compilers.rules.spec_schema import EMAIL
from compilers.rules.spec_subject import BOOK, SpecSubject, is_blank, is_template
from compilers.spec import (
    AggregateStep,
    AnyStep,
    AppStep,
    GetVariablesStep,
    IterateStep,
    NativeStep,
    RepeatStep,
    RespondStep,
    SetVariablesStep,
    SleepStep,
    StopStep,
    SubScenarioStep,
    TriggerStep,
)

ADDRESS_INPUTS = frozenset({"to", "cc", "bcc", "reply_to", "recipient", "recipients"})
MAX_SLEEP = 300
MAX_REPEATS = 10_000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")


def number_of(value: JsonValue) -> Decimal | None:
    """The number that a literal is or writes, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_scalar(value: JsonValue) -> bool:
    return isinstance(value, str | int | float)


TYPES: Mapping[str, Callable[[JsonValue], bool]] = {
    "text": _is_scalar,
    "number": lambda value: number_of(value) is not None,
    "boolean": lambda value: isinstance(value, bool) or str(value).lower() in ("true", "false"),
    "date": lambda value: isinstance(value, str) and _DATE.fullmatch(value.strip()) is not None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
"""For each type of an input that not every literal fits: whether a literal without expressions does."""


def _literals(subject: SpecSubject) -> Iterator[tuple[str, str, JsonValue, Operation]]:
    """The known inputs of known operations that are given and hold no expression: place, name, value, operation."""
    for where, step, operation in subject.operations:
        for name, value in step.inputs.items():
            if name in operation.inputs and not is_blank(value) and not is_template(value):
                yield f"{where}.inputs.{name}", name, value, operation


@BOOK.rule("module.app", "error", area="module", hint="take an app of `manageai apps`, or a native step")
def known_app(subject: SpecSubject) -> Iterator[Place]:
    """Every step names an app that the registry knows."""
    for step in subject.spec.nodes:
        if isinstance(step, TriggerStep | AppStep) and step.app not in subject.registry.apps:
            yield f"{subject.place(step)}.app", f"there is no app `{step.app}`"


@BOOK.rule("module.operation", "error", area="module", hint="`manageai apps` lists the operations of each app")
def known_operation(subject: SpecSubject) -> Iterator[Place]:
    """Every step names an operation that its app has."""
    for step in subject.spec.nodes:
        if isinstance(step, TriggerStep | AppStep):
            app = subject.registry.apps.get(step.app)
            if app and step.operation not in app.operations:
                yield f"{subject.place(step)}.operation", f"`{step.app}` has no operation `{step.operation}`"


@BOOK.rule("module.trigger-kind", "error", area="module", hint="start with a trigger, such as `webhook` / `receive`")
def trigger_kind(subject: SpecSubject) -> Iterator[Place]:
    """The trigger's operation is one that starts automations."""
    for where, step, operation in subject.operations:
        if step.kind == "trigger" and operation.kind != "trigger":
            yield f"{where}.operation", f"`{step.app}` / `{step.operation}` can't start an automation"


@BOOK.rule("module.step-kind", "error", area="module", hint="make it the trigger, or take another operation")
def step_kind(subject: SpecSubject) -> Iterator[Place]:
    """A step's operation is not one that starts automations."""
    for where, step, operation in subject.operations:
        if step.kind == "app" and operation.kind == "trigger":
            yield f"{where}.operation", f"`{step.app}` / `{step.operation}` can only start an automation"


@BOOK.rule("module.required-inputs", "error", area="module", hint="give the input a value or an expression")
def required_inputs(subject: SpecSubject) -> Iterator[Place]:
    """Every input that an operation requires is given."""
    for where, step, operation in subject.operations:
        for name, field in operation.inputs.items():
            if field.required and field.default is None and is_blank(step.inputs.get(name)):
                yield f"{where}.inputs.{name}", f"`{step.app}` / `{step.operation}` needs `{name}`"


@BOOK.rule("module.known-inputs", "error", area="module", hint="remove it, or use the name that the registry gives it")
def known_inputs(subject: SpecSubject) -> Iterator[Place]:
    """A step gives only inputs that its operation has."""
    for where, step, operation in subject.operations:
        for name in step.inputs:
            if name not in operation.inputs:
                what = f"`{step.app}` / `{step.operation}` has no input `{shorten(name, 60)}`"
                yield f"{where}.inputs.{shorten(name, 60)}", what


@BOOK.rule("module.input-options", "error", area="module", hint="take one of the values that the registry lists")
def input_options(subject: SpecSubject) -> Iterator[Place]:
    """An input with a list of allowed values has one of them."""
    for where, name, value, operation in _literals(subject):
        options = operation.inputs[name].options
        if options and str(value) not in options:
            yield where, shorten(f"`{value}` is none of {', '.join(options)}")


@BOOK.rule("module.input-types", "error", area="module", hint="write the value in the type that the registry names")
def input_types(subject: SpecSubject) -> Iterator[Place]:
    """A value written out has the type of its input."""
    for where, name, value, operation in _literals(subject):
        field = operation.inputs[name]
        fits = TYPES.get(field.type)
        if fits and not field.options and not fits(value):
            yield where, shorten(f"`{value}` is no {field.type}")


@BOOK.rule("module.fixed-inputs", "error", area="module", hint="write the value out: no expression is taken here")
def fixed_inputs(subject: SpecSubject) -> Iterator[Place]:
    """An input that platforms take as a fixed setting holds no expression."""
    for where, step, operation in subject.operations:
        for name, value in step.inputs.items():
            field = operation.inputs.get(name)
            if field and not field.template and is_template(value):
                yield f"{where}.inputs.{name}", f"`{name}` is a fixed setting, yet holds an expression"


@BOOK.rule("module.addresses", "error", area="module", hint="write addresses such as anna@example.com")
def addresses(subject: SpecSubject) -> Iterator[Place]:
    """E-mail addresses that are written out are well formed."""
    for where, name, value, operation in _literals(subject):
        if name not in ADDRESS_INPUTS or "mail" not in operation.summary.lower():
            continue
        items = value if isinstance(value, list) else re.split(r"[,;]", str(value))
        for item in items:
            text = str(item).strip()
            bare = text[text.rfind("<") + 1 : -1] if text.endswith(">") else text
            if not EMAIL.fullmatch(bare):
                yield where, f"`{shorten(text, 60)}` is no e-mail address"


@BOOK.rule("module.platforms", "warning", area="module", hint="leave the platform out of `targets`, or plan it by hand")
def platforms(subject: SpecSubject) -> Iterator[Place]:
    """Every operation exists on every platform that the spec is for."""
    for where, step, operation in subject.operations:
        for platform in subject.spec.targets:
            if platform in type(operation).model_fields and getattr(operation, platform) is None:
                yield f"{where}.operation", f"`{step.app}` / `{step.operation}` isn't known on {platform}"


@BOOK.rule("module.native-platforms", "warning", area="module", hint="do this step by hand there, or take an app")
def native_platforms(subject: SpecSubject) -> Iterator[Place]:
    """A platform's own module is used only where the spec is for that platform alone."""
    for step in subject.spec.nodes:
        if isinstance(step, NativeStep):
            others = [platform for platform in subject.spec.targets if platform != step.platform]
            if others:
                what = f"`{shorten(step.module, 60)}` exists on {step.platform} only, not on {', '.join(others)}"
                yield subject.place(step), what


@BOOK.rule("module.native-name", "error", area="module", hint="write the module's name as the platform does")
def native_name(subject: SpecSubject) -> Iterator[Place]:
    """A platform's own module is named as the platform names modules."""
    for step in subject.spec.nodes:
        if isinstance(step, NativeStep):
            name = step.module.strip()
            if not name or (step.platform == "make" and not re.fullmatch(r"[^\s:]+:[^\s:]+", name)):
                yield f"{subject.place(step)}.module", f"`{shorten(step.module, 60)}` is no module of {step.platform}"


@BOOK.rule("module.iterate-array", "error", area="module", hint="map an array, such as `{{ order.body.items }}`")
def iterate_array(subject: SpecSubject) -> Iterator[Place]:
    """What is iterated is mapped from a step, or is a list with something in it."""
    for step in subject.spec.steps:
        if not isinstance(step, IterateStep) or is_template(step.array):
            continue
        if not isinstance(step.array, list) or not step.array:
            yield f"{subject.place(step)}.array", f"`{shorten(str(step.array), 60)}` holds no array to go through"


@BOOK.rule("module.repeat-limits", "error", area="module", hint="repeat 0 to 10000 times, with a step other than 0")
def repeat_limits(subject: SpecSubject) -> Iterator[Place]:
    """A loop repeats 0 to 10000 times, and its counter moves."""
    for step in subject.spec.steps:
        if isinstance(step, RepeatStep):
            for name, value in (("start", step.start), ("repeats", step.repeats), ("step", step.step)):
                number = number_of(value)
                if not is_template(value) and (number is None or not _fits_repeat(name, number)):
                    yield f"{subject.place(step)}.{name}", f"`{shorten(str(value), 60)}` can't be used for `{name}`"


def _fits_repeat(name: str, number: Decimal) -> bool:
    if name == "repeats":
        return 0 <= number <= MAX_REPEATS and number == number.to_integral_value()
    return name == "start" or number != 0


@BOOK.rule("module.sleep-limits", "error", area="module", hint="wait 1 to 300 seconds; chain steps to wait longer")
def sleep_limits(subject: SpecSubject) -> Iterator[Place]:
    """A pause lasts 1 to 300 seconds."""
    for step in subject.spec.steps:
        if isinstance(step, SleepStep) and not is_template(step.seconds):
            number = number_of(step.seconds)
            if number is None or not 1 <= number <= MAX_SLEEP:
                yield f"{subject.place(step)}.seconds", f"`{shorten(str(step.seconds), 60)}` is not 1 to {MAX_SLEEP}"


@BOOK.rule("module.aggregate-values", "error", area="module", hint="give `fields` for an array, `value` otherwise")
def aggregate_values(subject: SpecSubject) -> Iterator[Place]:
    """An aggregate says what it collects: fields for an array, a value for a text or a number."""
    for step in subject.spec.steps:
        if isinstance(step, AggregateStep):
            if step.mode == "array" and not step.fields:
                yield f"{subject.place(step)}.fields", "an array without fields collects empty elements"
            elif step.mode not in ("array", "count") and is_blank(step.value):
                yield f"{subject.place(step)}.value", f"`{step.mode}` needs a value for each bundle"


@BOOK.rule("module.aggregate-unused", "warning", area="module", hint="remove it, or take the mode that uses it")
def aggregate_unused(subject: SpecSubject) -> Iterator[Place]:
    """An aggregate has no settings that its mode doesn't use."""
    for step in subject.spec.steps:
        if isinstance(step, AggregateStep):
            if step.mode == "array" and step.value is not None:
                yield f"{subject.place(step)}.value", "`array` collects `fields`; `value` is not used"
            if step.mode != "array" and step.fields:
                yield f"{subject.place(step)}.fields", f"`{step.mode}` collects `value`; `fields` are not used"
            if step.mode != "text" and step.separator != "\n":
                yield f"{subject.place(step)}.separator", f"`{step.mode}` puts no separator between values"


@BOOK.rule("module.aggregate-several", "warning", area="module", hint="name the loop or search, or drop the aggregate")
def aggregate_several(subject: SpecSubject) -> Iterator[Place]:
    """The source of an aggregate is a step that can give several bundles."""
    for step in subject.spec.steps:
        if isinstance(step, AggregateStep):
            source = subject.graph.source_of(step)
            if source and not _may_give_several(subject, source):
                yield f"{subject.place(step)}.source", f"`{source.id}` gives one bundle: there is nothing to collect"


def _may_give_several(subject: SpecSubject, step: AnyStep) -> bool:
    if isinstance(step, TriggerStep | AppStep):
        operation = subject.registry.find(step.app, step.operation)
        if operation is None or (operation.kind == "trigger" and not operation.instant):
            return True
        return gives_several(step) or (operation.kind == "transform" and operation.open_outputs)
    return gives_several(step) or isinstance(step, NativeStep)


@BOOK.rule("module.respond-status", "error", area="module", hint="answer with an HTTP status such as 200")
def respond_status(subject: SpecSubject) -> Iterator[Place]:
    """An answer's status is an HTTP status: 100 to 599."""
    for step in subject.spec.steps:
        if isinstance(step, RespondStep) and not is_template(step.status):
            number = number_of(step.status)
            if number is None or not 100 <= number <= 599 or number != number.to_integral_value():
                yield f"{subject.place(step)}.status", f"`{shorten(str(step.status), 60)}` is no HTTP status"


@BOOK.rule("module.respond-headers", "warning", area="module", hint="write each header once, with a plain name")
def respond_headers(subject: SpecSubject) -> Iterator[Place]:
    """An answer's headers have plain names, each once."""
    for step in subject.spec.steps:
        if isinstance(step, RespondStep):
            count = Counter(header.name.lower() for header in step.headers)
            for name, times in count.items():
                if not re.fullmatch(r"[a-z0-9!#$%&'*+.^_`|~-]+", name):
                    yield f"{subject.place(step)}.headers", f"`{shorten(name, 60)}` is no name of a header"
                elif times > 1:
                    yield f"{subject.place(step)}.headers", f"`{shorten(name, 60)}` is there {times} times"


@BOOK.rule("module.stop-message", "warning", area="module", hint="say in `message` what went wrong")
def stop_message(subject: SpecSubject) -> Iterator[Place]:
    """A step that ends its branch as an error says why."""
    for step in subject.spec.steps:
        if isinstance(step, StopStep) and step.outcome == "error" and is_blank(step.message):
            yield f"{subject.place(step)}.message", "ends with an error that has no message"


@BOOK.rule("module.sub-scenario", "error", area="module", hint="write the slug of the scenario to call")
def sub_scenario(subject: SpecSubject) -> Iterator[Place]:
    """A call of another scenario says which."""
    for step in subject.spec.steps:
        if isinstance(step, SubScenarioStep) and not step.scenario.strip():
            yield f"{subject.place(step)}.scenario", "names no scenario"


@BOOK.rule("module.variable-names", "error", area="module", hint="use letters, digits and _, each name once")
def variable_names(subject: SpecSubject) -> Iterator[Place]:
    """A step's variables have plain names, each once, and there is at least one."""
    for step in subject.spec.steps:
        if isinstance(step, SetVariablesStep | GetVariablesStep):
            variables = isinstance(step, SetVariablesStep)
            names = [item.name for item in step.variables] if isinstance(step, SetVariablesStep) else list(step.names)
            where = f"{subject.place(step)}.{'variables' if variables else 'names'}"
            if not names:
                yield where, "names no variable"
            for name, times in Counter(names).items():
                if not re.fullmatch(r"[^\W\d][\w .-]{0,99}", name) or name != name.strip():
                    yield where, f"`{shorten(name, 60)}` is no name for a variable"
                elif times > 1:
                    yield where, f"`{shorten(name, 60)}` is there {times} times"
