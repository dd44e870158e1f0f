"""Holds one app of the registry against what is known of the platforms, for the person who writes its file.

    python -m tools.check_app slack            # the file's samples through the compiler and n8n's own code
    python -m tools.check_app slack --uses     # and every use in the real blueprints: what isn't read, or isn't known

Needs `../shared` for the real blueprints and for the second opinion on nodes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from compilers.errors import UserError
from compilers.expressions import parse as parse_expression
from compilers.expressions.tree import references
from compilers.make.known import look_up, unknown_output, unread
from compilers.make.parse import Parsed, parse
from compilers.n8n.emit import emit
from compilers.registry import App, registry
from compilers.spec import Spec, strings_in, templates_of
from resources.n8n_oracle import install
from resources.node import node_program
from tests.compilers.registry.samples import input_sets
from tests.compilers.registry.test_compiles import spec_of

SHARED = Path(__file__).parents[2] / "shared"


def main() -> int:
    """Prints what is wrong; 1 when anything is."""
    parser = argparse.ArgumentParser(prog="python -m tools.check_app")
    parser.add_argument("apps", nargs="+")
    parser.add_argument("--uses", action="store_true", help="look at the real blueprints too")
    options = parser.parse_args()
    wrong = 0
    for name in options.apps:
        app = registry().app(name)
        problems = [*_samples(app), *(_uses(app) if options.uses else ())]
        print(f"{name}: {len(app.operations)} operations, {len(problems)} problems")
        for problem, count in Counter(problems).most_common():
            print(f"  {count} x {problem}" if count > 1 else f"  {problem}")
        wrong += len(problems)
    return 1 if wrong else 0


def _samples(app: App) -> Iterator[str]:
    documents: dict[str, object] = {}
    for name, operation in app.operations.items():
        for which, inputs in input_sets(operation).items() if operation.n8n else ():
            try:
                export = emit(spec_of(f"{app.app}.{name}", app, operation, inputs))
            except UserError as error:
                yield f"{name} {which}: {error}"
                continue
            yield from (f"{name} {which}: {finding}" for finding in export.findings if finding.severity == "error")
            documents[f"{name} {which}"] = export.document
    yield from check_documents(documents)


def check_documents(documents: dict[str, object]) -> Iterator[str]:
    """What n8n's own code, and its descriptors, say of workflows; missing accounts aside."""
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for index, (name, document) in enumerate(documents.items()):
            path = Path(folder) / f"{index}.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            files[str(path)] = name
        if not files:
            return
        tools = SHARED / "tools" / "n8n"
        for command in (
            [str(node_program()), str(tools / "check_issues.mjs")],
            [sys.executable, str(tools / "check_nodes.py")],
        ):
            report = Path(folder) / "report.txt"
            with report.open("w", encoding="utf-8") as output:
                subprocess.run([*command, "--install", str(install()), "--json", *files], stdout=output, check=False)
            for path, found in json.loads(report.read_text(encoding="utf-8")).items():
                for finding in found:
                    if finding.get("layer") == "creds" and finding.get("severity") == "warning":
                        continue
                    if str(finding.get("code", "")).startswith("credential-missing"):
                        continue
                    yield f"{files[path]}: {finding.get('node')} {finding.get('where', '')}: {finding['message']}"


def blueprints() -> Iterator[tuple[str, Parsed]]:
    """The real blueprints, parsed."""
    for path in sorted((SHARED / "blueprints" / "make").glob("*.json")):
        yield path.name, parse(json.loads(path.read_text(encoding="utf-8")))


def _uses(app: App) -> Iterator[str]:
    modules = {module.module for operation in app.operations.values() for module in operation.make_modules}
    prefixes = {str(module).split(":")[0] + ":" for module in modules if module}
    documents: dict[str, object] = {}
    kept: dict[str, list[str]] = {}
    for file, parsed in blueprints():
        mine = {step for step, source in parsed.modules.items() if source.name.startswith(tuple(prefixes))}
        if not mine:
            continue
        for step in mine:
            known = look_up(parsed.modules[step])
            name = f"{known.source.name} v{known.source.version}"
            if known.operation is None:
                yield f"no operation for {name}"
            yield from (f"{name} isn't read: {key} = {json.dumps(value)[:60]}" for key, value in unread(known).items())
        yield from _outputs(parsed, parsed.spec, mine)
        export = emit(parsed.spec, by_hand=True)
        kept[file[:50]] = [node for step in mine if step not in export.manual for node in export.places[step]]
        documents[file[:50]] = export.document
        yield from (
            f"{file[:50]}: {finding}"
            for finding in export.findings
            if finding.severity != "info" and finding.where.split(".")[1:2] in [[step] for step in mine]
        )
    for problem in check_documents(documents):
        file = problem[: problem.index(": ")]
        if any(f": {node} " in problem for node in kept[file]):
            yield problem


def _outputs(parsed: Parsed, spec: Spec, mine: set[str]) -> Iterator[str]:
    known = {step: look_up(parsed.modules[step]) for step in mine}
    for step in spec.nodes:
        for _, value in templates_of(step):
            for _, text in strings_in(value):
                for reference in references(parse_expression(text)):
                    if reference.step in mine and unknown_output(known[reference.step], reference.path):
                        said = ".".join(getattr(part, "name", "[]") for part in reference.path)
                        yield f"{parsed.modules[reference.step].name} gives `{said}`, which no output stands for"


if __name__ == "__main__":
    sys.exit(main())
