"""Ways through workflows with loops, held against plain searches."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from compilers.rules.n8n_paths import Upstream, rings, walk

NAMES = "abcdefgh"
GRAPHS = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES})


@given(GRAPHS)
def test_rings_are_what_leads_to_one_another(graph: Mapping[str, list[str]]) -> None:
    reached = {name: walk(graph[name], graph.__getitem__) for name in NAMES}
    found = rings(NAMES, graph.__getitem__)
    assert sorted(name for ring in found for name in ring) == list(NAMES)
    place = {name: index for index, ring in enumerate(found) for name in ring}
    for one in NAMES:
        for other in NAMES:
            together = one == other or (other in reached[one] and one in reached[other])
            assert (place[one] == place[other]) == together
            assert place[other] <= place[one] or other not in reached[one]


@given(GRAPHS, st.sets(st.sampled_from(NAMES)))
def test_upstream_is_what_leads_there(before: Mapping[str, list[str]], below: set[str]) -> None:
    upstream = Upstream(NAMES, before.__getitem__)
    found = walk((name for one in below for name in before[one]), before.__getitem__)
    assert {name for name in NAMES if upstream.leads(name, below)} == found
    assert not upstream.leads("unknown", below)


def test_thousands_of_nodes_need_no_stack() -> None:
    count = 5_000
    before = {str(n): [str(n - 1)] for n in range(1, count)} | {"0": []}
    upstream = Upstream(before, before.__getitem__)
    assert upstream.leads("0", [str(count - 1)])
    assert not upstream.leads(str(count - 1), ["0"])
    ring = {**before, "0": [str(count - 1)]}
    assert [len(one) for one in rings(ring, ring.__getitem__)] == [count]
