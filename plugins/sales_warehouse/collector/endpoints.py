"""The endpoints of a company, ready to take requests: schemes with their secrets, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sales_warehouse.collector.limits import Addresses, Rate
from sales_warehouse.collector.message import Scheme
from sales_warehouse.collector.secrets import SecretMissing, aes_key, signing_key, token
from sales_warehouse.collector.standard import StandardWebhooks
from sales_warehouse.collector.wechat import WeChatMessages
from sales_warehouse.company.webhooks import Endpoint, WebhooksFile

XML_TYPES = ("text/xml", "application/xml", "")


@dataclass(frozen=True)
class Ready:
    """An endpoint that can tell its senders from others."""

    name: str
    scheme: Scheme
    content_types: tuple[str, ...]
    max_bytes: int
    addresses: Addresses
    rate: Rate


def make_endpoints(settings: WebhooksFile, environment: Mapping[str, str]) -> dict[str, Ready]:
    """Return the endpoints by name; raise SecretMissing, naming every secret that is not there or has a wrong form."""
    ready, missing = {}, []
    for endpoint in settings.endpoints:
        try:
            scheme = _scheme(endpoint, environment)
        except SecretMissing as error:
            missing.append(f"  endpoint {endpoint.name}: {error}")
            continue
        types = endpoint.content_types if endpoint.scheme == "standard" else XML_TYPES
        addresses, rate = Addresses(endpoint.addresses), Rate(endpoint.requests_per_minute)
        ready[endpoint.name] = Ready(endpoint.name, scheme, types, endpoint.max_bytes, addresses, rate)
    if missing:
        raise SecretMissing("secrets of webhooks.yml:\n" + "\n".join(missing))
    return ready


def _scheme(endpoint: Endpoint, environment: Mapping[str, str]) -> Scheme:
    if endpoint.wechat is None:
        keys = [signing_key(reference, environment) for reference in endpoint.secrets]
        return StandardWebhooks(keys, endpoint.tolerance_seconds)
    tokens = [token(reference, environment) for reference in endpoint.secrets]
    keys = [aes_key(reference, environment) for reference in endpoint.wechat.encoding_aes_keys]
    return WeChatMessages(tokens, endpoint.tolerance_seconds, keys, endpoint.wechat.receiver_id or "")
