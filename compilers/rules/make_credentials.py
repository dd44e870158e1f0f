"""Rules for Make exports: accounts are referred to by number, and no secret is written out."""

from __future__ import annotations

from collections.abc import Iterator

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.make_subject import BOOK, MakeSubject, is_int, texts
from compilers.secrets import is_secret_name, secret_in

ACCOUNTS = (
    "__IMTCONN__", "account", "accountImap", "makeConnectionId", "__IMTHOOK__", "hook", "__IMTKEY__", "datastore",
)  # fmt: skip
"""Parameters that hold the number of an account, webhook, key or data store."""


@BOOK.rule("credential.numbers", "warning", area="credential", hint="choose it in Make's editor after the import")
def account_numbers(subject: MakeSubject) -> Iterator[Place]:
    """Accounts, webhooks, keys and data stores are referred to by number, or left to be chosen."""
    for module in subject.modules:
        for name in ACCOUNTS:
            value = module.parameters.get(name)
            if value is not None and value != "" and not is_int(value) and "{{" not in str(value):
                yield f"{module.where}.parameters.{name}", f"`{shorten(str(value), 20)}` is no number"


@BOOK.rule("credential.secrets", "error", area="credential", hint="keep it in a connection or key of Make")
def secrets(subject: MakeSubject) -> Iterator[Place]:
    """No password, key or token is written into a scenario."""
    for module in subject.modules:
        for part in ("parameters", "mapper"):
            for where, text in texts(module.data.get(part), f"{module.where}.{part}"):
                kind = secret_in(text)
                if kind:
                    yield shorten(where), f"holds what looks like {kind}"


@BOOK.rule("credential.fields", "warning", area="credential", hint="keep it in a connection or key of Make")
def secret_fields(subject: MakeSubject) -> Iterator[Place]:
    """A field that is made for a password, key or token holds no value written out."""
    for module in subject.modules:
        for part in ("parameters", "mapper"):
            for where, text in texts(module.data.get(part), f"{module.where}.{part}"):
                name = where.rsplit(".", 1)[-1]
                if is_secret_name(name) and text.strip() and "{{" not in text and not secret_in(text):
                    yield shorten(where), f"`{shorten(name, 60)}` is written out"
