"""Asks the user interface's GraphQL whether the code location has been loaded."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from compilers.errors import shorten

ANSWER_SECONDS = 10
QUERY = """{ workspaceOrError { __typename
  ... on PythonError { message }
  ... on Workspace { locationEntries { name locationOrLoadError { __typename ... on PythonError { message } } } } } }"""


def location_error(ui: str) -> str | None:
    """Why the code location can't be loaded; empty when it has been; None when nobody answers yet."""
    request = urllib.request.Request(
        f"{ui}/graphql", json.dumps({"query": QUERY}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            workspace = json.load(answer)["data"]["workspaceOrError"]
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError):
        return None
    if "message" in workspace:
        return shorten(workspace["message"], 1000)
    entries = [entry["locationOrLoadError"] for entry in workspace.get("locationEntries", ())]
    if not entries or None in entries:
        return None
    return "; ".join(shorten(entry["message"], 1000) for entry in entries if "message" in entry)
