"""The tests that are made for an automation catch what is wrong with its workflow on a real n8n.

`python -m tools.seed_faults` tries a hundred faults; these are one of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from resources.interceptor import interceptor_folder
from resources.interceptor import is_installed as has_interceptor
from resources.n8n_install import is_installed, server_folder
from tests.live.faults import chosen
from tools.seed_faults import Bench, all_faults, bench_on, line

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """An n8n server whose apps the sandbox plays."""
    if not is_installed(server_folder()):
        pytest.skip("no n8n server is installed: `python -m resources.n8n_server` does that")
    if not has_interceptor(interceptor_folder()):
        pytest.skip("no mitmproxy is installed: `python -m resources.interceptor` does that")
    with bench_on("n8n") as found:
        yield found


def test_seeded_faults_are_caught_and_only_they(bench: Bench) -> None:
    every = all_faults("n8n")
    kinds = {fault.operator for _, fault in every}
    found = list(bench.run(chosen(every, len(kinds))))
    missed = [line(one) for one in found if not one.by]
    assert {one.fault.operator for one in found} == kinds
    assert not missed, "\n".join(missed)
    assert bench.false_alarms == []
