"""No credential of an export comes out of the program: in no spec, export, report, build sheet, and on no screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from manageai_assets.cli import main
from tests.compilers.zapier.test_parse import PLANTED, SECRETS
from tests.compilers.zapier.zaps import export, guard, node, row

PLAIN = "hunter2"


def zap(params: Any, at: int) -> dict[str, Any]:
    """A Zap with a credential in a request, in a step that nobody knows, and in a filter's value and titles."""
    shaped = params.get("text", "")
    titled = {"meta": {"parammap": {}, "stepTitle": f"Step {shaped}"}}
    return export(
        node(1, None, "WebHookCLIAPI@1.1.1", "hook_v2"),
        guard(2, 1, row("1__text", "icontains", shaped)),
        node(3, 2, "WebHookCLIAPI@1.1.1", "post", params={"url": "https://example.com", **params}, **titled),
        node(4, 3, "UnheardOfCLIAPI@1.0.0", "do", params=params),
        node(5, 4, "CodeCLIAPI@1.0.1", "run", params={"code": f"const apiKey = 'hunter2-hunter2'; // {shaped}"}),
        title=f"Zap {at} {shaped}",
    )


@pytest.mark.parametrize("at", range(len(PLANTED)), ids=lambda at: f"{at}-{next(iter(PLANTED[at]))}")
def test_nothing_comes_out(at: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(PLANTED) >= 20
    file, out = tmp_path / "in" / "zap.json", tmp_path / "out"
    file.parent.mkdir()
    file.write_text(json.dumps(zap(PLANTED[at], at)), encoding="utf-8")
    spec = out / "spec.json"
    out.mkdir()
    main(["parse", str(file), "-o", str(spec)])
    main(["validate", str(file)])
    main(["compile", str(spec), "--to", "zapier", "-o", str(out / "again.json")])
    for target in ("n8n", "make"):
        main(["migrate", str(file), "--to", target, "-o", str(out / target)])
        moved = next((out / target).glob(f"*.{target}.json"))
        moved.rename(tmp_path / f"{target}.json")
        main(["migrate", str(tmp_path / f"{target}.json"), "--to", "zapier", "-o", str(out / "back")])
        (tmp_path / f"{target}.json").rename(out / f"{target}.json")
    written = {one: one.read_text(encoding="utf-8") for one in out.rglob("*") if one.is_file()}
    assert len(written) >= 12
    screen = capsys.readouterr()
    for place, text in {**written, Path("screen"): screen.out + screen.err}.items():
        for secret in (PLAIN, *SECRETS.values()):
            assert secret not in text, (place.name, secret)
