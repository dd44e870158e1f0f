"""A workflow whose apps are replaced by stand-ins, for an n8n whose requests nobody can intercept.

The node that does a step's work becomes a Code node of the same name, id, place, wires and error handling, which gives
what the case's answers say, call by call; what helps it passes items on. Whatever starts the workflow, a webhook does
now. So the document holds no credential and no node that reaches out of n8n: one that would is refused, by its name.

Retries happen inside the Code node, as often as n8n would try: n8n forgets what a failed Code node has counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import Object, items, members, texts
from compilers.errors import UserError
from compilers.export import Export
from compilers.expressions.javascript import js_string
from compilers.expressions.tree import Field
from compilers.graph import SpecGraph
from compilers.paths import output_of
from compilers.spec import AnyStep, Spec
from manageai_assets.testing.making import is_called
from manageai_assets.testing.models import Answer, Case, Trace
from manageai_assets.testing.n8n_items import item_of
from manageai_assets.testing.sightings import calls_of

CODE, WEBHOOK, PASSES_ON = "n8n-nodes-base.code", "n8n-nodes-base.webhook", "n8n-nodes-base.noOp"
DATA_TABLE = "n8n-nodes-base.dataTable"
RESPOND = "n8n-nodes-base.respondToWebhook"
STAYS_INSIDE = frozenset(
    f"n8n-nodes-base.{name}"
    for name in (
        "aggregate", "code", "compareDatasets", "convertToFile", "crypto", "dateTime", "executionData",
        "extractFromFile", "filter", "html", "if", "limit", "markdown", "merge", "noOp", "removeDuplicates",
        "renameKeys", "respondToWebhook", "set", "sort", "splitInBatches", "splitOut", "stickyNote", "stopAndError",
        "summarize", "switch", "wait", "webhook", "xml",
    )
)  # fmt: skip
"""Nodes that reach nothing outside n8n, whatever their parameters say; of Code nodes, see `_REACHES_OUT`."""
_REACHES_OUT = re.compile(
    r"\b(?:helpers(?!\.(?:getBinaryDataBuffer|prepareBinaryData)\b)|require|import|fetch|process)\b"
)
"""What JavaScript in a Code node would need for a request of its own; helpers for files are none of that."""
_KEPT = ("id", "name", "position", "notes", "onError", "continueOnFail", "alwaysOutputData", "executeOnce")
_JOINTS = frozenset({"n8n-nodes-base.merge", PASSES_ON, "n8n-nodes-base.splitInBatches"})
"""What stands between a node and its result without changing an item."""
_DEFAULT_TRIES, _MOST_TRIES = 3, 5
"""How often n8n tries a node that is to be tried again (n8n facts, section 6)."""


def as_played(case: Case, expected: Trace) -> Case:
    """The case with what each step's app answers, call by call: a call that lacks a needed value is refused."""
    answers: dict[str, list[Answer]] = {}
    for call in calls_of(case, expected):
        answers.setdefault(call.request.step, []).append(call.answer)
    return case.model_copy(
        update={"answers": {**case.answers, **{step: tuple(all_) for step, all_ in answers.items()}}}
    )


def standing_in(export: Export, spec: Spec, case: Case, path: str, *, tables: bool = False) -> Object:
    """The document for one case, started by a webhook with that path. `tables`: data tables may stay, since the server
    is there for tests. Raises `UserError` for a node that would reach out of n8n."""
    return _StandIns(export, spec, case, path, tables, SpecGraph(spec)).document()


def hook_of(document: Mapping[str, JsonValue]) -> Object | None:
    """The parameters of the webhook that starts a workflow, where one does."""
    for node in map(members, items(document.get("nodes"))):
        if node.get("type") == WEBHOOK and node.get("disabled") is not True:
            return members(node.get("parameters"))
    return None


@dataclass(frozen=True)
class _StandIns:
    export: Export
    spec: Spec
    case: Case
    path: str
    tables: bool
    graph: SpecGraph
    ours: set[str] = field(default_factory=set)
    """The names of the stand-ins, whose code holds any text."""

    def document(self) -> Object:
        """The whole workflow."""
        nodes = {str(node["name"]): node for node in self._nodes() if "name" in node}
        wires: Object = {
            name: {"main": members(ports).get("main")}
            for name, ports in members(self.export.document.get("connections")).items()
            if "main" in members(ports)
        }
        for step in self.graph:
            if step.id != self.spec.trigger.id and is_called(step):
                self._replace(nodes, step)
        if not self._starts_by_webhook(nodes):
            self._replace_start(nodes, wires)
        for node in nodes.values():
            self._check(node)
        return {
            "name": f"Test of {self.export.document_name}"[:128],
            "nodes": [*nodes.values()],
            "connections": wires,
            "settings": self._settings(),
        }

    def _settings(self) -> Object:
        """Those that a result hangs on. An error workflow would alert somebody, and without its data a run can't be
        read."""
        given = members(self.export.document.get("settings"))
        kept: Object = {name: given[name] for name in ("executionOrder", "timezone") if name in given}
        return {**kept, "saveDataSuccessExecution": "all", "saveDataErrorExecution": "all"}

    def _nodes(self) -> Iterator[Object]:
        """The nodes, with what belongs to this server left out."""
        for number, node in enumerate(map(members, items(self.export.document.get("nodes")))):
            made = {name: value for name, value in node.items() if name != "credentials"}
            if made.get("type") == WEBHOOK:
                ours = made.get("name") == self.export.mains.get(self.spec.trigger.id)
                made |= _listening(made, self.path if ours else f"{self.path}-{number}")
            unused = made.get("disabled") is True and made.get("type") not in STAYS_INSIDE
            yield {**_bare(made, PASSES_ON, 1, {}), "disabled": True} if unused else made

    def _starts_by_webhook(self, nodes: Mapping[str, Object]) -> bool:
        main = nodes.get(self.export.mains.get(self.spec.trigger.id, ""), {})
        return main.get("type") == WEBHOOK and main.get("disabled") is not True

    # -- steps ---------------------------------------------------------------------------------------------------

    def _replace(self, nodes: dict[str, Object], step: AnyStep) -> None:
        """A called step's nodes: one that answers, and others that pass on what they are given."""
        main = self.export.mains.get(step.id, "")
        if main not in nodes:
            return
        answers: list[JsonValue] = [
            self._said(step, answer) for answer in self.case.answers.get(step.id) or (Answer(),)
        ]
        self._pass_on(nodes, step, main)
        node = nodes[main]
        if node.get("disabled") is True:
            nodes[main] = {**_bare(node, PASSES_ON, 1, {}), "disabled": True}
        else:
            nodes[main] = _kept(node) | _bare(node, CODE, 2, {"jsCode": _script(step.id, answers, node)})
            self.ours.add(main)

    def _pass_on(self, nodes: dict[str, Object], step: AnyStep, main: str) -> None:
        places = [name for name in self.export.places.get(step.id, ()) if name in nodes]
        before = places[: places.index(main)] if main in places else []
        for name in (*before, *self._way_to_result(nodes, step, main)):
            nodes[name] = _bare(nodes[name], PASSES_ON, 1, {})
        for name in places:
            if name != main and nodes[name].get("type") not in STAYS_INSIDE:
                nodes[name] = _bare(nodes[name], PASSES_ON, 1, {})

    def _way_to_result(self, nodes: Mapping[str, Object], step: AnyStep, main: str) -> list[str]:
        """The nodes that make the step's result of what its main node gives: a stand-in gives the result itself."""
        places, result = self.export.places.get(step.id, ()), self.export.results.get(step.id, "")
        came: dict[str, str] = {}
        waiting = [main]
        while waiting and result not in came:
            name = waiting.pop(0)
            for target in self._targets(name):
                if target in places and target in nodes and target not in came and target != main:
                    came[target] = name
                    waiting.append(target)
        way = []
        at = result
        while at in came:
            way.append(at)
            at = came[at]
        return [name for name in way if not _is_joint(nodes[name])]

    def _targets(self, name: str) -> Iterator[str]:
        """The nodes behind a node's first output."""
        outputs = items(members(members(self.export.document.get("connections")).get(name)).get("main"))
        for wire in items(outputs[0]) if outputs else []:
            yield str(members(wire).get("node"))

    def _said(self, step: AnyStep, answer: Answer) -> Object:
        """An answer as the node's code has it: items, or an error in the shape of n8n's own."""
        if answer.failure is None:
            return {"items": [self._item(step, bundle) for bundle in answer.bundles]}
        status = answer.failure.status
        error: Object = {"message": answer.failure.message, "name": answer.failure.type}
        return {"error": error if status is None else {**error, "httpCode": str(status)}}

    def _item(self, step: AnyStep, bundle: Mapping[str, JsonValue]) -> Object:
        """The item for a bundle. Of outputs that share a place, those that later steps use count, and the first."""
        used = [name for name in bundle if name in self.graph.used_outputs.get(step.id, ())]
        taken = {_place(step, name)[:1] for name in used}
        kept = [*used, *(name for name in bundle if name not in used and _place(step, name)[:1] not in taken)]
        kept.reverse()
        kept.sort(key=lambda name: len(_place(step, name)))
        return item_of(step, {name: bundle[name] for name in kept})

    # -- the start -----------------------------------------------------------------------------------------------

    def _replace_start(self, nodes: dict[str, Object], wires: Object) -> None:
        """A webhook in place of what starts the workflow, and behind it the node that gives the case's bundles."""
        trigger = self.spec.trigger
        main = self.export.mains.get(trigger.id, "")
        if main not in nodes:
            raise UserError("this workflow has nothing that starts it", where=self.export.document_name)
        bundles: list[JsonValue] = [self._item(trigger, bundle) for bundle in self.case.bundles]
        script = _script(trigger.id, [{"items": bundles}], {})
        places = [name for name in self.export.places.get(trigger.id, ()) if name in nodes]
        start = next((name for name in places[: places.index(main)]), "") if main in places else ""
        self._pass_on(nodes, trigger, main)
        nodes[main] = _bare(nodes[main], CODE, 2, {"jsCode": script})
        self.ours.add(main)
        if not start:
            start = _free_name("Start of the test", nodes)
            wires[start] = {"main": [[{"node": main, "type": "main", "index": 0}]]}
            nodes[start] = {"id": f"{self.path}-start", "name": start, "position": _left_of(nodes[main])}
        answers = any(node.get("type") == RESPOND for node in nodes.values())
        parameters: Object = {"httpMethod": "POST", "responseMode": "responseNode" if answers else "onReceived"}
        webhook = _bare(nodes[start], WEBHOOK, 2.1, parameters)
        nodes[start] = webhook | _listening(webhook, self.path)

    # -- what may stay -------------------------------------------------------------------------------------------

    def _check(self, node: Object) -> None:
        name, kind = str(node.get("name")), str(node.get("type"))
        if kind in STAYS_INSIDE or (kind == DATA_TABLE and self.tables):
            if kind == CODE and name not in self.ours and (reason := _reaches_out(node)):
                hint = "test it on a server of your own: unset N8N_API_URL"
                raise UserError(f"its code may reach out of n8n: {reason}", where=f"node {name}", hint=hint)
            return
        what = "data tables are used on servers of one's own only" if kind == DATA_TABLE else f"`{kind}` may reach out"
        hint = "test it on a server of your own: unset N8N_API_URL"
        raise UserError(f"{what}, and no step's app answers for it", where=f"node {name}", hint=hint)


def _place(step: AnyStep, name: str) -> tuple[str, ...]:
    """Where n8n's node gives an output, as the parts of the path."""
    output = output_of(step, (Field(name),))
    place = name if output is None or not isinstance(output.n8n, str) else output.n8n
    return tuple(place.split(".")) if place else ()


def _reaches_out(node: Object) -> str:
    parameters = members(node.get("parameters"))
    if parameters.get("language") not in (None, "javaScript"):
        return str(parameters["language"])
    found = next(filter(None, map(_REACHES_OUT.search, texts({**parameters}))), None)
    return found.group() if found else ""


def _is_joint(node: Object) -> bool:
    """Whether a node behind a step's main one is no part of its result's making: where ways meet, or the filter that
    stops what isn't there after a failure."""
    return node.get("type") in _JOINTS or any(".all(1)" in text for text in texts(node.get("parameters")))


def _bare(node: Object, kind: str, version: float, parameters: Object) -> Object:
    """A node in place of another one."""
    kept: Object = {name: node[name] for name in ("id", "name", "position") if name in node}
    return {**kept, "type": kind, "typeVersion": version, "parameters": parameters}


def _kept(node: Object) -> Object:
    return {name: node[name] for name in _KEPT if name in node}


def _listening(node: Object, path: str) -> Object:
    """A webhook's settings at a path of its own, open to whoever knows that."""
    parameters = {name: value for name, value in members(node.get("parameters")).items() if name != "authentication"}
    options = {name: value for name, value in members(parameters.get("options")).items() if name != "ipWhitelist"}
    return {"webhookId": path, "parameters": {**parameters, "path": path, "options": options}}


def _free_name(wanted: str, nodes: Mapping[str, Object]) -> str:
    return next(name for number in range(len(nodes) + 1) if (name := wanted + " '" * number) not in nodes)


def _left_of(node: Object) -> list[JsonValue]:
    across, down = [*items(node.get("position")), 0, 0][:2]
    return [across - 220 if isinstance(across, (int, float)) else 0, down]


# -- the code ------------------------------------------------------------------------------------------------------


def _script(step: str, answers: list[JsonValue], node: Object) -> str:
    """Code that gives for each item what the next of the answers says."""
    on_error = node.get("onError") or (
        "continueRegularOutput" if node.get("continueOnFail") is True else "stopWorkflow"
    )
    given = json.dumps(answers, ensure_ascii=False)
    return f"""// Stands in for an app: gives what the test case says, call by call.
const step = {js_string(step)};
const onError = {js_string(str(on_error))};
const tries = {_tries(node)};
const answers = JSON.parse({js_string(given)});
{_BODY}"""


def _tries(node: Object) -> int:
    if node.get("retryOnFail") is not True:
        return 1
    asked = node.get("maxTries")
    return max(2, min(_MOST_TRIES, int(asked) if isinstance(asked, (int, float)) and asked else _DEFAULT_TRIES))


_BODY = """const data = $getWorkflowStaticData("global");
const counts = data.standIns?.execution === $execution.id ? {...data.standIns.counts} : {};
const answerNext = () => {
  const at = counts[step] ?? 0;
  counts[step] = at + 1;
  return answers[Math.min(at, answers.length - 1)];
};
const output = [];
for (let index = 0; index < $input.all().length; index++) {
  let answer = answerNext();
  for (let attempt = 1; answer.error && attempt < tries; attempt++) answer = answerNext();
  if (!answer.error) {
    for (const json of answer.items) output.push({json, pairedItem: {item: index}});
  } else if (onError === "stopWorkflow") {
    throw Object.assign(new Error(answer.error.message), {name: answer.error.name});
  } else {
    const error = onError === "continueErrorOutput" ? answer.error : answer.error.message;
    output.push({json: {error}, pairedItem: {item: index}});
  }
}
data.standIns = {execution: $execution.id, counts};
return output;
"""
