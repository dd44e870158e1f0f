"""Runs random specs on the simulator and on a real n8n server, and tells what differs.

    python -m tools.differential --specs 2000            # seeds 0 to 1999
    python -m tools.differential --specs 50 --first 7000 --shrink found
    python -m tools.differential --seeds 123,170

With `--shrink`, the smallest spec that still shows the first difference of each one is kept in a folder, in the form in
which `tests/live/found` has those that were mended.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from compilers.errors import UserError
from manageai_assets import console
from manageai_assets.testing.n8n_session import N8nSession, own_session
from tests.live.differential import Outcome, compared, smallest
from tests.live.random_specs import Sample, random_sample


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the differences as they come, then the tables. Gives 1 when there is any."""
    options = _options(arguments)
    seeds = options.seeds or range(options.first, options.first + options.specs)
    started = time.perf_counter()
    try:
        with own_session() as session:
            outcomes = _outcomes(session, seeds, options.shrink)
    except UserError as problem:
        print(problem, file=sys.stderr)
        return 1
    found = [outcome for outcome in outcomes if outcome.kinds]
    cases, left_out = sum(len(one.results) for one in outcomes), sum(one.left_out for one in outcomes)
    seconds = time.perf_counter() - started
    rows = [
        ("specs", str(len(outcomes))),
        ("cases compared", str(cases)),
        ("cases left out: by the clock or chance, or not to be calculated", str(left_out)),
        ("specs with a difference", str(len(found))),
        ("time", f"{seconds:.0f} s, {len(outcomes) / seconds:.1f} specs a second"),
    ]
    console.show_table(("what", "measured"), rows, title="Simulator and n8n")
    if found:
        kinds = Counter(outcome.kinds[0] for outcome in found)
        console.show_table(("first difference", "specs"), [(kind, str(count)) for kind, count in kinds.most_common()])
    return 1 if found else 0


def _outcomes(session: N8nSession, seeds: Sequence[int], folder: Path | None) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with console.progress(len(seeds), "comparing") as step:
        for seed in seeds:
            outcome = compared(session, random_sample(seed))
            outcomes.append(outcome)
            for line in outcome.lines():
                print(line, flush=True)
            if outcome.kinds and folder is not None:
                _keep(smallest(session, outcome).sample, folder)
            step(f"seed {seed}")
    return outcomes


def _keep(sample: Sample, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "spec": sample.spec.model_dump(mode="json"),
        "cases": [case.model_dump(mode="json", exclude_defaults=True) for case in sample.cases],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / f"{sample.name}.json").write_text(text, encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.differential", description="Simulator against n8n.")
    parser.add_argument("--specs", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=_numbers, help="these seeds instead, as 1,2,3")
    parser.add_argument("--shrink", type=Path, metavar="FOLDER", help="where the smallest specs are kept")
    return parser.parse_args(arguments)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
