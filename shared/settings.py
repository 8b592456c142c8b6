"""The only reader of the environment: `TOCSIN_*` variables, and `TOCSIN_*_FILE` for what is secret.

The table of variables in docs/configuration.md is generated from these fields.
"""

import os
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class SettingsError(Exception):
    """The environment is unusable; the text says which variable and why."""


class _SecretFiles(PydanticBaseSettingsSource):
    """`TOCSIN_X_FILE=/run/secrets/x` gives `TOCSIN_X`, as container platforms mount secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"TOCSIN_{field_name.upper()}_FILE")
        return (Path(path).read_text().strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """All settings, with their defaults."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_", frozen=True, extra="ignore")

    mongo_url: SecretStr = Field(
        SecretStr("mongodb://127.0.0.1:27017/tocsin?replicaSet=tocsin"),
        description="MongoDB replica set; the path names the database",
    )
    amqp_url: SecretStr = Field(SecretStr("amqp://guest:guest@127.0.0.1:5672/"), description="RabbitMQ, with its vhost")
    data_dir: Path = Field(Path(".tocsin"), description="where the development stack keeps its data")
    http_host: str = Field("127.0.0.1", description="address that the API listens on")
    http_port: int = Field(8000, description="port that the API listens on", ge=0, le=65535)
    worker_port: int = Field(0, description="port of a worker's /livez, /readyz and /metrics; 0: none", ge=0, le=65535)
    cors_origins: tuple[str, ...] = Field((), description='origins whose pages may call the API: ["https://..."]')
    max_body_bytes: int = Field(256 * 1024, description="largest request body (bytes)", ge=1024)
    intake_rate: float = Field(
        1000.0, description="requests a second that one integration may send to one API process; 0: no limit", ge=0
    )
    introspection: bool = Field(True, description="whether clients may read the schema through GraphQL")
    public_metrics: bool = Field(False, description="whether /metrics is served without a token")
    smtp_host: str = Field("127.0.0.1", description="mail server of the e-mail channel")
    smtp_port: int = Field(25, description="its port", ge=1, le=65535)
    smtp_user: str | None = Field(None, description="its user, if it wants one")
    smtp_password: SecretStr | None = Field(None, description="its password")
    smtp_starttls: bool = Field(False, description="whether to demand STARTTLS")
    mail_from: str = Field("tocsin@localhost", description="sender of the e-mail channel")
    allow_private_webhooks: bool = Field(
        False, description="whether webhooks may go to loopback and private addresses, and over plain HTTP"
    )
    public_url: str = Field("http://127.0.0.1:8000", description="address of the API in messages to people")
    reopen_window: timedelta = Field(
        timedelta(minutes=30), description="how long after RESOLVED the same key reopens an incident"
    )
    send_lease: timedelta = Field(timedelta(seconds=30), description="how long a sender may take for one delivery")
    sweep_every: timedelta = Field(timedelta(seconds=5), description="how often undone work is looked for")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: str = Field("json", description="json or text", pattern="^(json|text)$")
    movable_clock: bool = Field(False, description="for tests: obey the clock offset kept in the database")
    crash_at: str | None = Field(None, description="for tests: die at this crash point")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretFiles(settings_cls)


@cache
def read() -> Settings:
    """The settings of this process. Raises SettingsError, never a traceback's worth of text."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"TOCSIN_{name} is not usable: {first['msg']}.") from None
    except OSError as error:
        raise SettingsError(f"A secret's file is not readable: {error}.") from None


def as_markdown() -> str:
    """The table of variables for the documentation."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        lines.append(f"| `TOCSIN_{name.upper()}` | `{shown}` | {field.description} |")
    return "\n".join(lines) + "\n"
