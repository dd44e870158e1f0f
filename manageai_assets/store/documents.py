"""Queries on the texts of documents: kept when a package is made, searched by words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.postgresql import insert

from manageai_assets.store.tables import Build, SowDocument
from resources.artifacts import BuildKey

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True)
class DocumentTexts:
    """What the four documents of a build say."""

    statement_of_work: str
    executive_summary: str
    technical_spec: str
    implementation_checklist: str


def keep_texts(engine: Engine, texts: Mapping[BuildKey, DocumentTexts]) -> None:
    """Writes the texts of these builds in place of what was there, in one transaction. Unknown builds are left out."""
    with engine.begin() as connection:
        for key, found in texts.items():
            build = select(Build.id).where(and_(Build.slug == key.slug, Build.version == key.version))
            identifier = connection.execute(build).scalar_one_or_none()
            if identifier is None:
                continue
            values = {"generated_at": datetime.now(UTC)}
            values |= {name: text.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, text in asdict(found).items()}
            row = insert(SowDocument).values(build_id=identifier, **values)
            connection.execute(row.on_conflict_do_update(index_elements=["build_id"], set_=values))


def texts_of(engine: Engine, key: BuildKey) -> DocumentTexts | None:
    """The texts of a build; None when it has none."""
    query = (
        select(SowDocument.__table__)
        .join(Build, Build.id == SowDocument.build_id)
        .where(and_(Build.slug == key.slug, Build.version == key.version))
    )
    with engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return DocumentTexts(row.statement_of_work, row.executive_summary, row.technical_spec, row.implementation_checklist)


def search(engine: Engine, words: str) -> Sequence[BuildKey]:
    """The builds whose documents hold all of these words, the newest documents first."""
    columns = [
        SowDocument.statement_of_work, SowDocument.executive_summary, SowDocument.technical_spec,
        SowDocument.implementation_checklist,
    ]  # fmt: skip
    text = func.to_tsvector("simple", func.concat_ws(" ", *columns))
    query = (
        select(Build.slug, Build.version)
        .join(SowDocument, Build.id == SowDocument.build_id)
        .where(text.op("@@")(func.plainto_tsquery("simple", words)))
        .order_by(SowDocument.generated_at.desc(), Build.slug, Build.version)
    )
    with engine.connect() as connection:
        return [BuildKey(row.slug, row.version) for row in connection.execute(query)]
