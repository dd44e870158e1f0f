"""Runs a notebook's code cells in order in one Python, without Jupyter: `python -m tools.run_notebook FILE`.

Prints what the cells print, and what their last lines come to. A cell that raises ends it: its number and its traceback
are told, and the exit code is 1. `SystemExit` with a message is how a notebook says that it can't go on; that is 0."""

from __future__ import annotations

import ast
import json
import sys
import traceback
from pathlib import Path


def code_cells(text: str) -> list[str]:
    """The code of a notebook's cells, in their order."""
    cells = json.loads(text)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run(file: Path) -> int:
    """Runs a notebook, and gives the exit code."""
    import matplotlib
    import pandas as pd

    matplotlib.use("Agg")  # pictures are drawn, and shown nowhere
    pd.set_option("display.max_columns", None, "display.width", 300)
    names: dict[str, object] = {"__name__": "__main__"}
    for number, source in enumerate(code_cells(file.read_text(encoding="utf-8")), start=1):
        try:
            shown = _run_cell(source, f"{file.name}, code cell {number}", names)
        except SystemExit as said:
            print(said)
            return 0
        except Exception:
            traceback.print_exc()
            print(f"{file}: code cell {number} failed", file=sys.stderr)
            return 1
        if shown is not None:
            print(shown)
    return 0


def _run_cell(source: str, where: str, names: dict[str, object]) -> object:
    """Runs a cell; gives what its last line comes to where that is an expression."""
    tree = ast.parse(source, where)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, where, "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    found: object = eval(compile(ast.Expression(last.value), where, "eval"), names)
    return found


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
