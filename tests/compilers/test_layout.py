"""The canvas grid: reads from left to right, no overlaps, branches in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compilers.layout import grid


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Acyclic graphs: edges lead from lower to higher numbers."""
    size = draw(st.integers(1, 25))
    return {
        str(node): [
            str(target)
            for target in draw(st.lists(st.integers(node + 1, size), max_size=4, unique=True))
            if target < size
        ]
        if node + 1 < size
        else []
        for node in range(size)
    }


@given(graphs())
def test_no_two_nodes_share_a_cell_and_edges_lead_to_the_right(graph: dict[str, list[str]]) -> None:
    cells = grid(graph, ["0"])
    assert len(set(cells.values())) == len(cells)
    for node, children in graph.items():
        for child in children:
            if node in cells:
                assert cells[child][0] > cells[node][0]


def test_branches_stand_from_top_to_bottom_in_their_order() -> None:
    graph = {"start": ["a", "b", "c"], "a": ["a1", "a2"], "b": ["join"], "a1": ["join"]}
    cells = grid(graph, ["start"])
    rows = {name: row for name, (_, row) in cells.items()}
    assert rows["start"] == rows["a"] == rows["a1"] == rows["join"] == 0
    assert rows["a"] < rows["a2"] < rows["b"] < rows["c"]
    assert cells["join"][0] == 3


def test_a_very_long_chain_needs_no_recursion() -> None:
    graph = {str(number): [str(number + 1)] for number in range(20_000)}
    assert grid(graph, ["0"])["20000"] == (20_000, 0)
