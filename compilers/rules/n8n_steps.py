"""n8n rules: nodes with code, waiting, and calls of other workflows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compilers.n8n.display import is_expression
from compilers.rules.engine import Place
from compilers.rules.n8n_scan import Token, unbalanced
from compilers.rules.n8n_subject import BOOK, N8nSubject, as_object, is_number
from compilers.rules.n8n_values import shown

EACH_ITEM = "runOnceForEachItem"
NO_ITEMS = frozenset({"undefined", "true", "false"})
"""Words that a Code node can't return."""


@BOOK.rule("code.text", "error", area="code", hint="write code that returns items")
def code_text(subject: N8nSubject) -> Iterator[Place]:
    """A Code node has code."""
    for node, found in subject.scripts:
        if not found:
            yield node.at("parameters.jsCode"), "is empty"


@BOOK.rule("code.brackets", "error", area="code", hint="close what is open")
def code_brackets(subject: N8nSubject) -> Iterator[Place]:
    """Brackets and quotes of the code are closed."""
    for node, found in subject.scripts:
        problem = unbalanced(found)
        if problem:
            yield node.at("parameters.jsCode"), problem


@BOOK.rule("code.return", "error", area="code", hint="end with `return items`")
def code_return(subject: N8nSubject) -> Iterator[Place]:
    """The code returns something."""
    for node, found in subject.scripts:
        if found and not unbalanced(found) and not any(token.text in ("return", "throw") for token in found):
            yield node.at("parameters.jsCode"), "returns nothing: n8n fails the node"


@BOOK.rule("code.items", "error", area="code", hint="return objects: `return [{ json: {...} }]`")
def code_items(subject: N8nSubject) -> Iterator[Place]:
    """The code returns items: objects or a list of them, and for each item one object."""
    for node, found in subject.scripts:
        each = node.parameters.get("mode") == EACH_ITEM
        for value in () if unbalanced(found) else _returned(found):
            scalar = value.kind in ("number", "string", "template") or (value.kind == "name" and value.text in NO_ITEMS)
            if scalar:
                yield node.at("parameters.jsCode"), f"returns {shown(value.text)}, which is no item"
            elif each and value.text == "[":
                yield (
                    node.at("parameters.jsCode"),
                    "returns a list, and runs once for each item: it must return one object",
                )


def _returned(found: Sequence[Token]) -> Iterator[Token]:
    """The first token of what is returned outside of blocks, where it is that token alone, or a list."""
    depth = 0
    for index, token in enumerate(found[:-1]):
        if token.kind == "operator":
            depth += (token.text in "([{") - (token.text in ")]}")
        elif token.text == "return" and not depth:
            after = found[index + 2].text if index + 2 < len(found) else ";"
            if found[index + 1].text == "[" or after in (";", "}"):
                yield found[index + 1]


@BOOK.rule("code.language", "warning", area="code", hint="write it in JavaScript")
def code_language(subject: N8nSubject) -> Iterator[Place]:
    """Code is JavaScript: Python needs a runner that n8n from npm doesn't have."""
    for node in subject.nodes:
        language = node.parameters.get("language", "javaScript")
        if node.of("code") and language != "javaScript" and not is_expression(language):
            yield node.at("parameters.language"), f"{shown(language)} needs n8n's Python runner"


@BOOK.rule("wait.amount", "warning", area="wait", hint="give a number above 0")
def wait_amount(subject: N8nSubject) -> Iterator[Place]:
    """A Wait node waits for some time."""
    for node in subject.nodes:
        timed = node.of("wait") and node.parameters.get("resume", "timeInterval") == "timeInterval"
        amount = node.parameters.get("amount", 1)
        if (
            timed
            and not is_expression(amount)
            and not (isinstance(amount, int | float) and is_number(amount) and amount > 0)
        ):
            yield node.at("parameters.amount"), f"{shown(amount)} is no time to wait"


@BOOK.rule("workflow.called", "info", area="workflow", hint="import and publish that workflow first")
def workflow_called(subject: N8nSubject) -> Iterator[Place]:
    """A workflow that is called must be published in the same n8n, under the id that is given."""
    for node in subject.nodes:
        target = as_object(node.parameters.get("workflowId")).get("value", node.parameters.get("workflowId"))
        if node.of("executeWorkflow") and isinstance(target, str) and target and not is_expression(target):
            yield node.at("parameters.workflowId"), f"workflow {shown(target)} must be there and published"
