"""webhooks.yml: where systems post their events, and how each proves who it is."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from sales_warehouse.company.base import Label, Model

SPOOL = "${WEBHOOK_SPOOL}/"  # where the path of a source that reads an endpoint begins

EndpointName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
ContentType = Literal[
    "application/json",
    "application/cloudevents+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
]
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def _references(values: object) -> object:
    """Refuse a secret that is written out, before anything prints it: the message must not repeat it."""
    listed = values if isinstance(values, (list, tuple)) else [values]
    if listed is not values or not all(isinstance(value, str) and _REFERENCE.fullmatch(value) for value in listed):
        raise ValueError(
            "secrets do not belong into a file: write a list of ${NAME} and set NAME, or NAME_FILE, outside"
        )
    return values


class WeChat(Model):
    """How an official account (公众号) or WeCom (企业微信) posts its messages."""

    mode: Literal["encrypted", "plain"] = Field(
        default="encrypted",
        description="encrypted (安全模式): the signature covers the message; plain (明文模式): it does not",
    )
    encoding_aes_keys: tuple[str, ...] = Field(
        default=(), description="EncodingAESKey as ${NAME}; two while it changes"
    )
    receiver_id: str | None = Field(default=None, description="AppID of the account, CorpID for WeCom")

    @field_validator("encoding_aes_keys", mode="before")
    @classmethod
    def _keys_outside(cls, value: object) -> object:
        return _references(value)

    @model_validator(mode="after")
    def _complete(self) -> WeChat:
        if self.mode == "encrypted" and not (self.encoding_aes_keys and self.receiver_id):
            raise ValueError("encrypted mode needs encoding_aes_keys and receiver_id")
        if self.mode == "plain" and (self.encoding_aes_keys or self.receiver_id):
            raise ValueError("plain mode has no encoding_aes_keys and no receiver_id; choose mode: encrypted")
        return self


class Endpoint(Model):
    """One address that a system posts to, /hooks/<name>, with the folder `<name>` of the spool behind it."""

    name: EndpointName
    label: Label
    scheme: Literal["standard", "wechat"] = Field(default="standard", description="how requests are signed")
    secrets: tuple[str, ...] = Field(
        min_length=1, max_length=5, description="${NAME} of each secret (the token of WeChat); two while it changes"
    )
    wechat: WeChat | None = None
    tolerance_seconds: int = Field(default=300, ge=1, le=3600, description="how far the sender's clock may be off")
    max_bytes: int = Field(default=1_000_000, ge=1, le=16_000_000, description="largest body")
    content_types: tuple[ContentType, ...] = Field(default=("application/json",), min_length=1)
    requests_per_minute: int | None = Field(default=None, ge=1, description="of one client address; absent: no limit")
    addresses: tuple[str, ...] = Field(default=(), description="networks that may post, e.g. 203.0.113.0/24; none: all")

    @field_validator("secrets", mode="before")
    @classmethod
    def _secrets_outside(cls, value: object) -> object:
        return _references(value)

    @field_validator("addresses")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @model_validator(mode="after")
    def _scheme_fits(self) -> Endpoint:
        if (self.scheme == "wechat") != (self.wechat is not None):
            raise ValueError("scheme: wechat and the part `wechat` belong together")
        if self.scheme == "wechat" and "content_types" in self.model_fields_set:
            raise ValueError("WeChat posts XML; leave content_types out")
        return self


class WebhooksFile(Model):
    """webhooks.yml: the endpoints of the collector."""

    endpoints: tuple[Endpoint, ...] = ()
    rotate_seconds: float = Field(default=30, ge=0.1, le=3600, description="events are in a finished file after this")
    rotate_bytes: int = Field(default=4_000_000, ge=1_000, description="or when so much has come")
    remember_days: int = Field(default=30, ge=1, description="how long an id is known; longer than senders try again")
    keep_days: int = Field(
        default=30, ge=0, description="how long a finished file is kept after it landed; 0: for good"
    )
    minimum_free_bytes: int = Field(default=256_000_000, ge=0, description="with less free disk, events are refused")
    trusted_proxies: tuple[str, ...] = Field(default=(), description="addresses whose X-Forwarded-For is believed")

    @model_validator(mode="after")
    def _distinct(self) -> WebhooksFile:
        names = [endpoint.name for endpoint in self.endpoints]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two endpoints have the name {twice[0]}")
        return self
