"""The values of nodes in the spec's notation: `={{ $json.body.email }}` becomes `{{ lead.body.email }}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import texts
from compilers.expressions.n8n_parser import parse_n8n
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import Field, Node, Path, Reference, Template, Unknown
from compilers.graph import SpecGraph
from compilers.n8n.read_flow import FlowReader
from compilers.n8n.source import Source

Placed = tuple[str, Callable[[Path], "Path | None"]]
"""A step's id, and how a path of n8n's into what the node gives is said neutrally (None: it isn't that step's)."""


@dataclass
class ReadValues:
    """Reads the values of one workflow.

    `places` gives what is known of each node that gives something. A reference counts only where the spec's graph has
    the step in sight; anything else is JavaScript, and is carried word for word. `originals` keeps what each template
    was, `read` and `verbatim` count the expressions.
    """

    flow: FlowReader
    graph: SpecGraph
    places: Mapping[str, Placed]
    originals: dict[str, str] = field(default_factory=dict)
    verbatim: dict[str, list[str]] = field(default_factory=dict)
    read: int = 0

    def value(self, value: JsonValue, source: Source) -> JsonValue:
        """The value with every template in it in the spec's notation. Raises `ExpressionError`."""
        if isinstance(value, str):
            return self.text(value, source)
        if isinstance(value, list):
            return [self.value(item, source) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item, source) for key, item in value.items()}
        return value

    def text(self, text: str, source: Source) -> str:
        """One text; one without `=` in front is plain."""
        if not text.startswith("="):
            return write_template(Template((text,))) if "{{" in text else text
        template = parse_n8n(text, lambda name, path: self._refer(source, name, path))
        for node in template.nodes:
            if isinstance(node, Unknown):
                self.verbatim.setdefault(source.step, []).append(node.text)
            else:
                self.read += 1
        written = write_template(template)
        self.originals.setdefault(written, text)
        return written

    def _refer(self, source: Source, name: str, path: Path) -> Node | None:
        flow = self.flow
        giver = flow.giver(name) if name in flow.nodes else None if name else flow.before(source.name)
        for _ in range(len(flow.nodes)):
            if giver is None or giver not in self.places:
                return None
            step, path_of = self.places[giver]
            there = path_of(path)
            if there is not None:
                seen = self.graph.sees(source.step, step) and step not in self.graph.failed(source.step)
                asks_for_error = there[:1] == (Field("error"),)
                return Reference(step, there) if seen and not asks_for_error else None
            giver = flow.before(giver)
        return None


def has_expression(value: JsonValue) -> bool:
    """Whether n8n calculates some text in the value."""
    return any(text.startswith("=") for text in texts(value))
