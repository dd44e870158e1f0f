"""Spec rules: what the document as a whole must say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.spec_subject import BOOK, SpecSubject

MAKE_NAME = 120
"""Longest scenario name that Make takes."""
NODE_NAME = 128
"""Longest node name that n8n takes."""
MANY_STEPS = 150
"""Modules of one scenario above which Make advises to split it."""
MANY_RUNS = 10_000_000
"""Runs a month that no plan of the platforms covers: likely a typing mistake."""

EMAIL = re.compile(r"[^\s@<>,;\"()]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,63}")


@BOOK.rule("schema.targets", "error", area="schema", hint="name at least one of make, n8n and zapier, each once")
def targets(subject: SpecSubject) -> Iterator[Place]:
    """A spec names the platforms it is for, each once."""
    if not subject.spec.targets:
        yield "targets", "no platform is named"
    for platform, count in Counter(subject.spec.targets).items():
        if count > 1:
            yield "targets", f"`{platform}` is named {count} times"


@BOOK.rule("schema.purpose", "info", area="schema", hint="say what the automation is for in `objective`")
def purpose(subject: SpecSubject) -> Iterator[Place]:
    """A spec says what it is for: an objective, or at least a description."""
    if not subject.spec.objective.strip() and not subject.spec.description.strip():
        yield "objective", "neither an objective nor a description is given"


@BOOK.rule("schema.request", "info", area="schema", hint="copy the client's request into `request`")
def request(subject: SpecSubject) -> Iterator[Place]:
    """A spec carries the client's request in their own words."""
    if not subject.spec.request.strip():
        yield "request", "the client's request is missing"


@BOOK.rule("schema.name-length", "warning", area="schema", hint="shorten the name to 120 characters")
def name_length(subject: SpecSubject) -> Iterator[Place]:
    """A scenario's name fits every platform."""
    if len(subject.spec.name) > MAKE_NAME:
        yield "name", f"has {len(subject.spec.name)} characters; Make takes {MAKE_NAME}"


@BOOK.rule("schema.name-text", "error", area="schema", hint="write the name on one line, with letters in it")
def name_text(subject: SpecSubject) -> Iterator[Place]:
    """Names are text on one line: not blank, no control characters, no spaces around them."""
    spec = subject.spec
    names = [("name", spec.name), ("customer.name", spec.customer.name)]
    names += [(f"{subject.place(step)}.label", step.label) for step in spec.nodes if step.label]
    for where, name in names:
        if not name.strip():
            yield where, "is blank"
        elif name != name.strip():
            yield where, "has spaces around it"
        elif not name.isprintable():
            yield where, f"has control characters: `{shorten(name, 60)}`"


@BOOK.rule("schema.labels", "info", area="schema", hint="give the step a label that a person understands")
def labels(subject: SpecSubject) -> Iterator[Place]:
    """Every step has a label."""
    for step in subject.spec.nodes:
        if not step.label:
            yield f"{subject.place(step)}.label", "has no label, so its id is shown instead"


@BOOK.rule("schema.label-length", "warning", area="schema", hint="shorten the label to 128 characters")
def label_length(subject: SpecSubject) -> Iterator[Place]:
    """A step's label fits every platform's editor."""
    for step in subject.spec.nodes:
        if len(step.label) > NODE_NAME:
            yield f"{subject.place(step)}.label", f"has {len(step.label)} characters; n8n takes {NODE_NAME}"


@BOOK.rule("schema.unique-labels", "warning", area="schema", hint="give each step a label of its own")
def unique_labels(subject: SpecSubject) -> Iterator[Place]:
    """No two steps have the same label."""
    first: dict[str, str] = {}
    for step in subject.spec.nodes:
        title = step.title.strip().casefold()
        if title in first:
            yield f"{subject.place(step)}.label", f"`{shorten(step.title, 60)}` is what `{first[title]}` is called too"
        first.setdefault(title, step.id)


@BOOK.rule("schema.contact-email", "error", area="schema", hint="write one address, such as anna@example.com")
def contact_email(subject: SpecSubject) -> Iterator[Place]:
    """The customer's e-mail address is well formed."""
    address = subject.spec.customer.contact_email
    if address and not EMAIL.fullmatch(address):
        yield "customer.contact_email", f"`{shorten(address, 60)}` is no e-mail address"


@BOOK.rule("schema.volume", "warning", area="schema", hint="say how many runs a month are expected, from 1")
def volume(subject: SpecSubject) -> Iterator[Place]:
    """The expected volume is one that can be planned for."""
    runs = subject.spec.volume_per_month
    if runs == 0:
        yield "volume_per_month", "no run a month is expected"
    elif runs is not None and runs > MANY_RUNS:
        yield "volume_per_month", f"{runs} runs a month are more than any plan covers"


@BOOK.rule("schema.assumptions", "warning", area="schema", hint="say in a sentence what was assumed, or remove it")
def assumptions(subject: SpecSubject) -> Iterator[Place]:
    """Every assumption says something."""
    for index, assumption in enumerate(subject.spec.assumptions):
        if not assumption.text.strip():
            yield f"assumptions[{index}].text", "says nothing"


@BOOK.rule("schema.residue", "info", area="schema", hint="add the platform to `targets`, or remove its residue")
def residue(subject: SpecSubject) -> Iterator[Place]:
    """What is kept for a platform is kept for one that the spec is for."""
    places = [("", subject.spec.residue)]
    places += [(f"{subject.place(step)}.", step.residue) for step in subject.spec.nodes]
    for where, kept in places:
        for platform in kept:
            if subject.spec.targets and platform not in subject.spec.targets:
                yield f"{where}residue.{platform}", f"is kept for {platform}, which the spec isn't for"


@BOOK.rule("schema.samples", "warning", area="schema", hint="give one output bundle as an object, field by field")
def samples(subject: SpecSubject) -> Iterator[Place]:
    """A step's sample is one output bundle, and holds the fields that the step declares."""
    for step in subject.spec.nodes:
        if step.sample is None:
            continue
        where = f"{subject.place(step)}.sample"
        if not isinstance(step.sample, dict):
            yield where, "is no object of fields"
            continue
        for field in step.outputs:
            head = re.split(r"[.\[]", field.path, maxsplit=1)[0]
            if head not in step.sample:
                yield where, f"lacks the declared output `{shorten(field.path, 60)}`"


@BOOK.rule("schema.declared-outputs", "warning", area="schema", hint="declare each output once")
def declared_outputs(subject: SpecSubject) -> Iterator[Place]:
    """A step declares each of its outputs once, and each by a path."""
    for step in subject.spec.nodes:
        paths = Counter(field.path for field in step.outputs)
        for path, count in paths.items():
            if not path.strip():
                yield f"{subject.place(step)}.outputs", "an output has no path"
            elif count > 1:
                yield f"{subject.place(step)}.outputs", f"`{shorten(path, 60)}` is declared {count} times"
