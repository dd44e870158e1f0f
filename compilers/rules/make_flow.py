"""Rules for Make exports: the order of modules, routers, and if-else with merge."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.make_subject import (
    BOOK,
    DIRECTIVES,
    IF_ELSE,
    MERGE,
    PLACEHOLDER,
    ROUTER,
    MakeSubject,
    Module,
    is_int,
    items,
    members,
)


def has_conditions(value: JsonValue) -> bool:
    """Whether a filter has any condition, so that it stops some bundles."""
    groups = items(members(value).get("conditions"))
    return bool(groups) and all(items(group) for group in groups)


def _routes(module: Module) -> Iterator[tuple[int, str, dict[str, JsonValue]]]:
    for index, route in enumerate(items(module.data.get("routes"))):
        if isinstance(route, dict) and isinstance(route.get("flow"), list):
            yield index, f"{module.where}.routes[{index}]", route


def _branches(module: Module) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    for index, branch in enumerate(items(module.data.get("branches"))):
        if isinstance(branch, dict) and isinstance(branch.get("flow"), list):
            yield f"{module.where}.branches[{index}]", branch


@BOOK.rule("flow.modules", "error", area="flow", hint="write each module as an object with id, module and version")
def flow_modules(subject: MakeSubject) -> Iterator[Place]:
    """A flow is a list of modules, and a module is an object."""
    for flow in subject.flows:
        for index, data in enumerate(flow.modules):
            if not isinstance(data, dict):
                yield f"{flow.where}[{index}]", f"`{shorten(str(data), 60)}` is no module"


@BOOK.rule("flow.router-last", "error", area="flow", hint="move what follows into a route")
def router_last(subject: MakeSubject) -> Iterator[Place]:
    """A router is the last module of its flow: routes never join."""
    for module in subject.named(ROUTER):
        if module.index + 1 < len(module.flow.modules):
            yield module.where, "modules stand behind this router"


@BOOK.rule("flow.first-filter", "warning", area="flow", hint="move the filter to the second module")
def first_filter(subject: MakeSubject) -> Iterator[Place]:
    """The first module has no filter: a filter stands before the module that a bundle enters."""
    first = subject.first
    if first and has_conditions(first.data.get("filter")):
        yield f"{first.where}.filter", "there is nothing before the first module to filter"


@BOOK.rule("flow.directive-place", "error", area="flow", hint="move it into an `onerror` flow")
def directive_place(subject: MakeSubject) -> Iterator[Place]:
    """Directives stand in error handlers only."""
    for module in subject.named(*DIRECTIVES - {"builtin:Commit", "builtin:Rollback"}):
        if not _in_handler(module):
            yield module.where, f"`{module.name}` stands outside error handlers"


def _in_handler(module: Module) -> bool:
    flow = module.flow
    while flow.kind != "onerror":
        if flow.owner is None:
            return False
        flow = flow.owner.flow
    return True


@BOOK.rule("flow.placeholder", "warning", area="flow", hint="choose a module for the empty slot, or remove it")
def placeholder(subject: MakeSubject) -> Iterator[Place]:
    """No slot of the flow is empty."""
    for module in subject.named(PLACEHOLDER):
        yield module.where, "is an empty slot"


@BOOK.rule("flow.merge-place", "error", area="flow", hint="put the merge right behind the if-else")
def merge_place(subject: MakeSubject) -> Iterator[Place]:
    """A merge stands right behind an if-else with branches that merge, and such an if-else before a merge."""
    for module in subject.named(IF_ELSE):
        merging = any(branch.get("merge") is True for _, branch in _branches(module))
        if merging and module.following.get("module") != MERGE:
            yield module.where, "has branches that merge, and no merge behind it"
    for module in subject.named(MERGE):
        before = members(module.flow.modules[module.index - 1]) if module.index else {}
        if before.get("module") != IF_ELSE:
            yield module.where, "stands behind no if-else"


@BOOK.rule("router.routes", "error", area="router", hint='write `"routes": [{"flow": [...]}, ...]`')
def router_routes(subject: MakeSubject) -> Iterator[Place]:
    """A router has routes, each an object with a flow."""
    for module in subject.named(ROUTER):
        routes = module.data.get("routes")
        if not isinstance(routes, list) or not routes:
            yield f"{module.where}.routes", "has no routes"
        for index, route in enumerate(items(routes)):
            if not isinstance(members(route).get("flow"), list):
                yield f"{module.where}.routes[{index}]", "has no flow"


@BOOK.rule("router.routes-place", "error", area="router", hint="put a router there, or remove the routes")
def routes_place(subject: MakeSubject) -> Iterator[Place]:
    """Only routers have routes, and only if-else modules have branches."""
    for module in subject.modules:
        for key, owner in (("routes", ROUTER), ("branches", IF_ELSE)):
            if key in module.data and module.name != owner:
                yield f"{module.where}.{key}", f"`{shorten(module.name, 60)}` has no {key}"


@BOOK.rule("router.one-route", "info", area="router", hint="put the filter on the next module instead of a router")
def one_route(subject: MakeSubject) -> Iterator[Place]:
    """A router has more than one route."""
    for module in subject.named(ROUTER):
        if len(items(module.data.get("routes"))) == 1:
            yield module.where, "has one route only"


@BOOK.rule("router.else", "error", area="router", hint="write the fallback's position among the routes, from 0")
def router_else(subject: MakeSubject) -> Iterator[Place]:
    """A router's fallback is one of its routes."""
    for module in subject.named(ROUTER):
        fallback, routes = module.parameters.get("else"), items(module.data.get("routes"))
        if fallback is None:
            continue
        if not isinstance(fallback, int) or isinstance(fallback, bool) or not 0 <= fallback < max(1, len(routes)):
            yield f"{module.where}.parameters.else", f"`{shorten(str(fallback), 60)}` is no position of a route"


@BOOK.rule("router.empty-route", "info", area="router", hint="remove the route, or put modules into it")
def empty_route(subject: MakeSubject) -> Iterator[Place]:
    """No route that is switched on is empty."""
    for module in subject.named(ROUTER):
        for _, where, route in _routes(module):
            if not route["flow"] and route.get("disabled") is not True:
                yield where, "is empty"


@BOOK.rule("router.route-filter", "error", area="router", hint="move the filter to the first module of the route")
def route_filter(subject: MakeSubject) -> Iterator[Place]:
    """A route's filter stands on its first module, not on the route, where Make doesn't look."""
    for module in subject.named(ROUTER):
        for _, where, route in _routes(module):
            for key in ("filter", "condition", "conditions"):
                if route.get(key):
                    yield f"{where}.{key}", "Make ignores a filter here"


@BOOK.rule("router.starved-else", "warning", area="router", hint="filter the other routes, or drop the fallback")
def starved_else(subject: MakeSubject) -> Iterator[Place]:
    """No route beside a fallback takes everything."""
    for module in subject.named(ROUTER):
        fallback = module.parameters.get("else")
        there = [index for index, _, _ in _routes(module)]
        for index, where, route in _routes(module) if is_int(fallback) and fallback in there else ():
            first = members(next(iter(items(route["flow"])), None))
            beside = index != fallback and first and route.get("disabled") is not True
            if beside and not has_conditions(first.get("filter")):
                yield where, "has no filter, so the fallback is never taken"


@BOOK.rule("branch.shape", "error", area="router", hint="write type, label, merge, conditions and flow of each branch")
def branch_shape(subject: MakeSubject) -> Iterator[Place]:
    """An if-else has branches, each a condition or the else, with a flow."""
    for module in subject.named(IF_ELSE):
        if not items(module.data.get("branches")):
            yield f"{module.where}.branches", "has no branches"
        for index, branch in enumerate(items(module.data.get("branches"))):
            where, data = f"{module.where}.branches[{index}]", members(branch)
            if data.get("type") not in ("condition", "else"):
                yield where, "is neither `condition` nor `else`"
            elif not isinstance(data.get("flow"), list):
                yield where, "has no flow"


@BOOK.rule("branch.one-else", "error", area="router", hint="keep one branch of type `else`")
def one_else(subject: MakeSubject) -> Iterator[Place]:
    """An if-else has at most one else."""
    for module in subject.named(IF_ELSE):
        count = sum(branch.get("type") == "else" for _, branch in _branches(module))
        if count > 1:
            yield module.where, f"has {count} branches of type `else`"


@BOOK.rule("branch.conditions", "warning", area="router", hint="give the branch conditions and modules")
def branch_conditions(subject: MakeSubject) -> Iterator[Place]:
    """A condition branch has conditions and modules, or Make silently switches it off."""
    for module in subject.named(IF_ELSE):
        for where, branch in _branches(module):
            asks = branch.get("type") == "condition" and branch.get("disabled") is not True
            if asks and not (has_conditions(branch) and branch["flow"]):
                yield where, "lacks conditions or modules, and is never taken"


@BOOK.rule("branch.first-filter", "warning", area="router", hint="put the condition into the branch's `conditions`")
def branch_first_filter(subject: MakeSubject) -> Iterator[Place]:
    """The first module of a branch has no filter, since Make deletes it."""
    for module in subject.modules:
        if module.flow.kind == "branch" and module.index == 0 and has_conditions(module.data.get("filter")):
            yield f"{module.where}.filter", "Make deletes a filter here"


@BOOK.rule("branch.merge-values", "error", area="router", hint="give one value for each branch that merges, in order")
def merge_values(subject: MakeSubject) -> Iterator[Place]:
    """A merge has one mapping and one filter for each branch that merges."""
    for module in subject.named(MERGE):
        joined = module.behind
        if joined is None or joined.name != IF_ELSE:
            continue
        count = sum(branch.get("merge") is True for _, branch in _branches(joined))
        filters = module.data.get("filters")
        if filters is not None and len(items(filters)) != count:
            yield f"{module.where}.filters", f"has {len(items(filters))} filters for {count} branches"
        for index, output in enumerate(items(module.data.get("outputs"))):
            given = len(items(members(output).get("mappings")))
            if given != count:
                yield f"{module.where}.outputs[{index}]", f"has {given} mappings for {count} branches"


@BOOK.rule("branch.nested", "error", area="router", hint="call a sub-scenario in the branch instead")
def branch_nested(subject: MakeSubject) -> Iterator[Place]:
    """A branch that merges holds no router and no other if-else."""
    for module in subject.named(IF_ELSE):
        for where, branch in _branches(module):
            for data in items(branch["flow"]) if branch.get("merge") is True else ():
                if members(data).get("module") in (ROUTER, IF_ELSE):
                    yield where, "merges, yet it forks"
