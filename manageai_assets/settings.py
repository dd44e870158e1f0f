"""Settings: one class, read from the environment and from `.env` at the top of the project.

Whatever is unset turns its feature off; nothing is read when this module is imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from compilers.errors import Finding, UserError, shorten

PROJECT_ROOT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """Everything that can be set from outside. Names are those of the variables, in lower case."""

    model_config = SettingsConfigDict(env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(default=None, description="PostgreSQL; unset: the embedded server")
    data_dir: Path = Field(default=Path("data"), description="folder of the embedded server and of Dagster's files")
    artifacts_uri: str = Field(default="artifacts", description="any fsspec URL; unset: `./artifacts`")
    inbox_dir: Path | None = Field(default=None, description="folder watched for intake files; unset: no inbox")
    port: int = Field(default=3000, ge=1, le=65_535, description="port of the user interface on 127.0.0.1")

    anthropic_api_key: SecretStr | None = Field(default=None, description="unset: deterministic rules only")
    auto_iter_max: int = Field(default=2, ge=0, le=10, description="repair rounds of one build, at most")
    auto_iter_min_conf: float = Field(default=0.80, ge=0, le=1, description="builds below it are iterated")
    auto_iter_model: str = Field(default="claude-sonnet-4-6", min_length=1)

    make_api_key: SecretStr | None = None
    make_team_id: int | None = None
    make_zone: str | None = Field(default=None, description="such as `eu1`")
    make_test_sandbox: bool = Field(default=False, description="allows tests to create and run scenarios in the team")
    n8n_api_url: AnyHttpUrl | None = None
    n8n_api_key: SecretStr | None = None

    slack_webhook_url: SecretStr | None = Field(default=None, description="unset: no alerts to Slack")
    alert_email: str | None = Field(default=None, description="unset: no alerts by e-mail")
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None

    brand_file: Path = Field(default=Path("brand.yaml"), description="whose documents these are; unset: `./brand.yaml`")

    test_engine: Literal["simulate", "n8n", "make"] = Field(default="simulate", description="what proves a build")

    @field_validator("data_dir", "inbox_dir", "brand_file")
    @classmethod
    def _from_the_top(cls, path: Path | None) -> Path | None:
        return None if path is None else (PROJECT_ROOT / path.expanduser()).resolve()

    @field_validator("artifacts_uri")
    @classmethod
    def _uri_from_the_top(cls, uri: str) -> str:
        return uri if "://" in uri else str((PROJECT_ROOT / Path(uri).expanduser()).resolve())


def read_settings(env_file: Path | None = None) -> Settings:
    """The settings of this process: the environment first, then `.env` (or `env_file`).

    Raises `UserError` that names each variable with a wrong value, never the value itself.
    """
    chosen: dict[str, Any] = {"_env_file": env_file or PROJECT_ROOT / ".env"}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        findings = tuple(
            Finding(
                rule=f"settings.{detail['type']}",
                severity="error",
                where=str(detail["loc"][0]).upper() if detail["loc"] else "environment",
                what=shorten(detail["msg"]),
            )
            for detail in error.errors(include_url=False, include_context=False, include_input=False)
        )
        hint = "mend it in the environment or in .env; .env.example says what each variable is"
        raise UserError("a setting has a wrong value", where="settings", hint=hint, findings=findings) from None
