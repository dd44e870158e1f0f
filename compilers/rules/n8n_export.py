"""The rules for n8n workflows, all together.

>>> from compilers.rules.n8n_export import validate_n8n
>>> [finding.rule for finding in validate_n8n([])]
['n8n.root.object']
"""

from __future__ import annotations

from pydantic import JsonValue

from compilers.errors import Finding
from compilers.rules import (  # noqa: F401 - each module adds its rules to the book
    n8n_conditions,
    n8n_connections,
    n8n_credentials,
    n8n_expressions,
    n8n_nodes,
    n8n_parameters,
    n8n_root,
    n8n_starts,
    n8n_steps,
)
from compilers.rules.n8n_subject import BOOK, N8nSubject

__all__ = ["BOOK", "validate_n8n"]


def validate_n8n(document: JsonValue) -> tuple[Finding, ...]:
    """What is wrong with an n8n workflow, in the order of the rules. Any JSON document is fine, a broken one too."""
    return BOOK.findings(N8nSubject(document))
