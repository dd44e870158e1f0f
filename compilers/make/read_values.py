"""Make's values in the spec's notation: `{{4.email}}` becomes `{{ lead.body.email }}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import with_texts
from compilers.errors import ExpressionError, shorten
from compilers.expressions.lexer import Notation
from compilers.expressions.make_writer import write_expression
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import Field, Node, Path, Reference, Template, Unknown, transform

IsBroken = Callable[[str], None]


@dataclass
class ReadValues:
    """Reads the values of one scenario.

    `places` gives, for each module's number, the step's id and how a path of Make's into what the module gives is said
    neutrally. What a reference to any other module stood for is gone: Make gives nothing there, and so it is carried
    word for word. `broken` collects the texts that Make itself can't read, `missing` the modules that aren't there, and
    `originals` what each template was.
    """

    places: Mapping[str, tuple[str, Callable[[Path], Path]]]
    broken: dict[str, str] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)

    def value(self, value: JsonValue) -> JsonValue:
        """The value with every template in it in the spec's notation."""
        return with_texts(value, lambda text: self.text(text) if "{{" in text else text)

    def text(self, text: str) -> str:
        """One text. What Make can't read is carried whole, as one expression without a meaning."""
        try:
            template = transform(parse(text, Notation.MAKE), self._neutral)
        except ExpressionError as error:
            self.broken.setdefault(text, error.what)
            template = Template((Unknown(text),))
        written = write_template(template)
        self.originals.setdefault(written, text)
        return written

    def _neutral(self, node: Node) -> Node:
        if not isinstance(node, Reference):
            return node
        known = self.places.get(node.step)
        if known is None:
            self.missing.setdefault(node.step)
            return Unknown(write_expression(node))
        step, path_of = known
        return Reference(step, path_of(node.path))


def fixed(value: JsonValue) -> JsonValue:
    """A static setting, whose braces are text, as a value of the spec."""
    return with_texts(value, lambda text: text.replace("{{", '{{ "{{" }}'))


def shown(text: str) -> str:
    """A text of a blueprint, fit for a message."""
    return shorten(text, 80)


_SYSTEM = {"__IMTINDEX__": "_index", "__IMTLENGTH__": "_total", "__IMTKEY__": "key"}


def system_path(path: Path) -> Path | None:
    """The neutral path of what Make's engine itself adds to a bundle; None for anything else."""
    if path and isinstance(path[0], Field) and path[0].name in _SYSTEM:
        return (Field(_SYSTEM[path[0].name]), *path[1:])
    return None
