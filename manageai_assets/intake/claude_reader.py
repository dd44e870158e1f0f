"""Claude as a reader of free text: the request goes in as data, a `Reading` comes out and is validated like any other.

The prompt is `templates/prompts/read_request.md`; the apps are the registry's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import JsonValue, ValidationError

from compilers.errors import Finding
from compilers.registry import Operation, registry
from compilers.spec import findings_of
from manageai_assets.intake.assessment import Answered, Reading
from manageai_assets.intake.models import Intake
from manageai_assets.prompting import as_data, prompt, usage_of
from resources.claude import Claude

PROMPT = "read_request.md"
TOOL = "plan"
TOOL_DESCRIPTION = "Writes down what the client's request is understood to say."
MAX_FINDINGS = 40


def reader_of(api_key: str, model: str, base_url: str | None = None) -> ClaudeReader:
    """The reader for a key and a model. Raises `UserError` for an empty key."""
    return ClaudeReader(Claude(api_key, model, base_url=base_url))


@dataclass(frozen=True)
class ClaudeReader:
    """Reads requests with Claude."""

    claude: Claude

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.claude.model

    def read(self, intake: Intake) -> Answered:
        """The first reading."""
        return self._ask(_question(intake))

    def mend(self, intake: Intake, reading: Reading | None, findings: Sequence[Finding]) -> Answered:
        """A reading that heeds what the checks found in the last one."""
        last = reading.model_dump(mode="json") if reading else None
        listed: list[JsonValue] = [
            f"{finding.severity} at {finding.where}: {finding.what}. {finding.hint}".strip()
            for finding in sorted(findings, key=lambda one: one.severity != "error")[:MAX_FINDINGS]
            if finding.severity != "info"
        ]
        parts = [
            _question(intake),
            f"<last_plan>\n{as_data(last)}\n</last_plan>",
            f"<findings>\n{as_data(listed)}\n</findings>",
            "Write the whole plan again with these mended, and nothing else changed.",
        ]
        return self._ask("\n\n".join(parts))

    def _ask(self, question: str) -> Answered:
        answer = self.claude.ask(prompt(PROMPT), question, TOOL, TOOL_DESCRIPTION, _schema())
        usage = usage_of(answer)
        try:
            return Answered(Reading.model_validate(answer.value), usage)
        except ValidationError as error:
            return Answered(None, usage, findings_of(error, "reading")[:MAX_FINDINGS])


def _question(intake: Intake) -> str:
    said = intake.model_dump(mode="json", exclude={"samples", "slug", "version", "contact"})
    return f"<intake>\n{as_data(said)}\n</intake>\n\n<apps>\n{_apps()}\n</apps>"


@cache
def _schema() -> dict[str, JsonValue]:
    return Reading.model_json_schema()


@cache
def _apps() -> str:
    """The registry in a few lines an app, what Claude may use; of apps that no request has named yet, only the names of
    what they can do."""
    lines: list[str] = []
    for name, app in registry().apps.items():
        lines.append(f"{name} ({app.name})")
        if any(item.verbs for item in app.operations.values()):
            lines += [f"  {key}: {_operation(item)}" for key, item in app.offered.items()]
        else:
            lines.append(f"  {', '.join(app.operations)}")
    return "\n".join(lines)


def _operation(operation: Operation) -> str:
    inputs = [
        f"{name}{'*' if spec.required else ''} ({spec.type}{': ' + '|'.join(spec.options) if spec.options else ''})"
        for name, spec in operation.inputs.items()
    ]
    gives = [*operation.outputs, *(["..."] if operation.open_outputs else [])]
    return (
        f"{operation.kind}, {operation.summary}; inputs: {', '.join(inputs) or '-'}; gives: {', '.join(gives) or '-'}"
    )
