"""Sub-flows that several scenarios share."""

from __future__ import annotations

from compilers.spec import AppStep, Edge, SetVariablesStep, Spec, Variable
from manageai_assets.clients.fragments import fragments_of, shared
from tests.manageai_assets.build import specs


def renamed(spec: Spec, prefix: str) -> Spec:
    """The same flow with other ids, labels, texts and another account."""
    text = spec.model_dump_json()
    for step in spec.nodes:
        for key in ("id", "source", "target"):
            text = text.replace(f'"{key}":"{step.id}"', f'"{key}":"{prefix}_{step.id}"')
        text = text.replace(f"{{{{ {step.id}.", f"{{{{ {prefix}_{step.id}.")
        text = text.replace(f'"{step.label}"', f'"{prefix} {step.label}"')
    return Spec.model_validate_json(text.replace("1AbCdEf", "9ZyXwVu").replace("New lead", "Neuer Kontakt"))


def test_names_and_texts_do_not_count() -> None:
    here, there = specs.linear(), renamed(specs.linear(), "de")
    (found,) = shared({"here": fragments_of(here), "there": fragments_of(there)})
    assert found.titles == ("Score the lead", "Tell sales in Slack", "Log the lead")
    assert found.places == {"here": ("score", "notify", "log"), "there": ("de_score", "de_notify", "de_log")}


def test_what_a_step_does_counts() -> None:
    spec = specs.linear()
    others = {
        "another operation": specs.slack("notify", "Tell", "{{ lead.body.name }} {{ score.score }}").model_copy(
            update={"operation": "create_channel"}
        ),
        "another output handed on": specs.slack("notify", "Tell", "{{ lead.body.name }} {{ score.other }}"),
        "an input less": AppStep(
            id="notify", app="slack", operation="send_message", inputs={"text": "{{ lead.x }} {{ score.score }}"}
        ),
    }
    for why, step in others.items():
        other = spec.model_copy(update={"steps": (spec.steps[0], step, spec.steps[2])})
        assert shared({"one": fragments_of(spec), "other": fragments_of(other)}) == [], why


def test_a_shared_part_is_found_within_flows_that_differ() -> None:
    spec = specs.linear()
    before = SetVariablesStep(id="first", variables=(Variable(name="x", value="1"), Variable(name="y", value="2")))
    longer = spec.model_copy(
        update={
            "steps": (before, *spec.steps),
            "edges": (Edge(source="lead", target="first"), Edge(source="first", target="score"), *spec.edges[1:]),
        }
    )
    (found,) = shared({"longer": fragments_of(longer), "short": fragments_of(spec), "loop": fragments_of(specs.loop())})
    assert found.places == {"longer": ("score", "notify", "log"), "short": ("score", "notify", "log")}


def test_of_a_long_shared_flow_the_whole_is_told_once() -> None:
    loops = {name: fragments_of(renamed(specs.loop(), name)) for name in ("a", "b", "c")}
    (found,) = shared(loops)
    assert len(found.titles) == 5
    assert set(found.places) == {"a", "b", "c"}


def test_flows_of_different_kinds_share_nothing() -> None:
    assert shared({spec.slug: fragments_of(spec) for spec in specs.all_specs()}) == []
