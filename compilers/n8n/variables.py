"""Variables as nodes: a Set node where every reader has the setter before it, else Code that keeps them for the run."""

from __future__ import annotations

from pydantic import JsonValue

from compilers.n8n import scripts
from compilers.n8n.workshop import Workshop
from compilers.spec import GetVariablesStep, SetVariablesStep


def set_variables(shop: Workshop, step: SetVariablesStep) -> str:
    """The node that sets variables, and gives them."""
    values = shop.values(step)
    if any(_outlives_its_route(shop, variable.name) for variable in step.variables):
        by_item = shop.values(step, item="index")
        written = {
            variable.name: by_item.at(f"variables.{variable.name}").javascript(variable.value)
            for variable in step.variables
        }
        return shop.code(step, "get_variables", scripts.remember(written))
    named = {variable.name: variable.value for variable in step.variables}
    return shop.set_node(step, step.title, named, values, "variables")


def get_variables(shop: Workshop, step: GetVariablesStep) -> str:
    """The node that gives variables set before."""
    setters = {name: _setter(shop, step, name) for name in step.names}
    read: dict[str, JsonValue] = {name: f"{{{{ {setter.id}.`{name}` }}}}" for name, setter in setters.items() if setter}
    if len(read) == len(setters):
        return shop.set_node(step, step.title, read, shop.values(step), "names")
    values = shop.values(step, item="index").at("names")
    fields = {name: values.javascript(read[name]) if name in read else scripts.kept(name) for name in step.names}
    return shop.code(step, "get_variables", scripts.recall(fields))


def _setter(shop: Workshop, reader: GetVariablesStep, name: str) -> SetVariablesStep | None:
    """The only step that sets the name, when every way to the reader passes it."""
    setters = shop.setters.get(name, ())
    return setters[0] if len(setters) == 1 and shop.graph.sees(reader.id, setters[0].id) else None


def _outlives_its_route(shop: Workshop, name: str) -> bool:
    """Whether some step reads the variable without every way to it having set it."""
    return any(_setter(shop, reader, name) is None for reader in shop.readers.get(name, ()))
