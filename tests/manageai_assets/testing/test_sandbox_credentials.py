"""Credentials that are made up from the schema of their type."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from manageai_assets.testing.credentials import TOKEN, dummy_data

Json = dict[str, JsonValue]


def schema(required: list[JsonValue] | None = None, **fields: JsonValue) -> Json:
    """A schema as n8n gives it."""
    return {"type": "object", "properties": dict(fields), "required": required or []}


TEXT: Json = {"type": "string"}


def test_keys_are_made_up_and_defaults_left_alone() -> None:
    given = schema(
        apiKey=TEXT, url=TEXT, allowedHttpRequestDomains={"type": "string", "enum": ["all", "none"]},
        allowedDomains=TEXT, header={"type": "boolean"}, headerName=TEXT, notice={"type": "notice"},
    )  # fmt: skip
    assert dummy_data("openAiApi", given) == {"apiKey": TOKEN}


def test_an_oauth_sign_in_has_a_token() -> None:
    given = schema(serverUrl=TEXT, clientId=TEXT, clientSecret=TEXT, oauthTokenData={"type": "json"})
    made = dummy_data("googleSheetsOAuth2Api", given)
    assert made["clientId"] == "sandbox"
    assert made["clientSecret"] == TOKEN
    assert "serverUrl" not in made
    token = made["oauthTokenData"]
    assert isinstance(token, dict)
    assert (token["access_token"], token["token_type"]) == (TOKEN, "Bearer")


def test_what_is_required_is_given_whatever_it_is() -> None:
    given = schema(
        ["region", "port", "secure", "privateKey"],
        region={"type": "string", "enum": ["eu", "us"]}, port={"type": "number"}, secure={"type": "boolean"},
        privateKey=TEXT,
    )  # fmt: skip
    assert dummy_data("any", given) == {"region": "eu", "port": 1, "secure": False, "privateKey": TOKEN}


@pytest.mark.parametrize("kind", ["postgres", "mySql", "mongoDb", "smtp", "imap", "ftp", "sftp", "microsoftSql"])
def test_servers_that_are_not_asked_over_http_have_no_address(kind: str) -> None:
    made = dummy_data(kind, schema(host=TEXT, server=TEXT))
    assert str(made.get("host") or made.get("server")).endswith(".invalid")


def test_addresses_of_ones_own_are_the_sandbox_s() -> None:
    assert dummy_data("wordpressApi", schema(url=TEXT, username=TEXT, password=TEXT)) == {
        "url": "https://wordpress.sandbox.example", "username": "sandbox", "password": TOKEN,
    }  # fmt: skip
