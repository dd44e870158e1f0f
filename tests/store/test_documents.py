"""The texts of documents: one row for each build, replaced when its package is made again, found by their words."""

from __future__ import annotations

import json

from sqlalchemy import Engine, text

from manageai_assets.intake.reading import parse_intake
from manageai_assets.store.documents import DocumentTexts, keep_texts, search, texts_of
from manageai_assets.submissions import submit
from resources.artifacts import BuildKey

TEXTS = DocumentTexts("Statement for Nordlicht Solar", "One page", "Slack: send_message", "- [ ] Connect Slack")


def submitted(engine: Engine, slug: str) -> BuildKey:
    submit(engine, parse_intake(json.dumps({"customer": "Acme", "request": "do it", "slug": slug})), "inbox")
    return BuildKey(slug, 1)


def test_texts_are_kept_and_replaced(engine: Engine) -> None:
    key = submitted(engine, "a")
    assert texts_of(engine, key) is None
    keep_texts(engine, {key: TEXTS, BuildKey("unknown", 1): TEXTS})
    assert texts_of(engine, key) == TEXTS
    again = DocumentTexts("now\x00other", "One page", "", "")
    keep_texts(engine, {key: again})
    found = texts_of(engine, key)
    assert found is not None
    assert found.statement_of_work == "now\ufffdother"
    with engine.connect() as connection:
        rows = connection.execute(
            text("select count(*), max(generated_at) > now() - interval '1 hour' from manageai.sow_documents")
        )
        assert rows.one() == (1, True)


def test_builds_are_found_by_what_their_documents_say(engine: Engine) -> None:
    first, second = submitted(engine, "a"), submitted(engine, "b")
    keep_texts(engine, {first: TEXTS})
    keep_texts(engine, {second: DocumentTexts("Statement for Acme", "One page", "gmail", "")})
    assert search(engine, "statement") == [second, first]
    assert search(engine, "nordlicht slack") == [first]
    assert search(engine, "'; drop table builds; --") == []
