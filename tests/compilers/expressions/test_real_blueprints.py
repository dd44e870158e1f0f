"""Every template of the real Make blueprints."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import JsonValue

from compilers.expressions import MAKE, SPEC, parse, write
from compilers.spec import strings_in

DAMAGED = ("geekalyssa", "6302Mohamed")


def test_every_template_is_read_and_written_back(shared: Path) -> None:
    templates: set[str] = set()
    for path in sorted((shared / "blueprints" / "make").glob("*.json")):
        if not any(name in path.name for name in DAMAGED):
            document: JsonValue = json.loads(path.read_text(encoding="utf-8"))
            templates.update(text for _, text in strings_in(document) if "{{" in text)
    assert len(templates) > 2500
    for text in templates:
        template = parse(text, MAKE)
        assert parse(write(template, MAKE), MAKE) == template
        assert parse(write(template, SPEC), SPEC) == template
