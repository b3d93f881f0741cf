"""WeChat official accounts and WeCom: the signature of the address, and encrypted messages.

Plain mode signs the token, the timestamp and the nonce of the address: SHA-1 of the three, sorted. The body is **not**
covered: who has seen one address may post anything to it until its timestamp is too old. Encrypted mode has a second
signature, msg_signature, over token, timestamp, nonce and the encrypted message, so the message cannot be made up or
changed by anyone without the token. The message is AES-256-CBC (key and vector from the EncodingAESKey) over 16 random
bytes, its length as 4 bytes, the message and the id of the receiver, padded to 32 bytes.
https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.datastructures import Headers, QueryParams

from sales_warehouse.collector.message import Message, Signed, moment, only
from sales_warehouse.collector.refusal import Refused, unsigned
from sales_warehouse.collector.standard import EVENT_ID
from sales_warehouse.collector.xml_message import BadXml, read_message

XML = "text/xml"
BLOCK = 32
NONCE = re.compile(r"[A-Za-z0-9]{1,64}")
UNFIT = "the signature does not fit; are token, EncodingAESKey and receiver_id those of the account?"


class WeChatMessages:
    """Messages of one account. Without AES keys they come in plain mode."""

    answer = "success"

    def __init__(
        self, tokens: Sequence[str], tolerance_seconds: int, aes_keys: Sequence[bytes] = (), receiver_id: str = ""
    ) -> None:
        self.tokens, self.tolerance = tuple(tokens), tolerance_seconds
        self.aes_keys, self.receiver_id = tuple(aes_keys), receiver_id.encode()

    def check(self, headers: Headers, query: QueryParams, now: float) -> None:
        """Raise Refused when the address is not signed or not of now."""
        moment(only(query, "timestamp"), now, self.tolerance)
        if not NONCE.fullmatch(only(query, "nonce")):  # letters and digits alone: nothing can be appended to the hash
            raise unsigned("the nonce has other characters than letters and digits")
        if not self.aes_keys:
            self._signed(query, "signature")

    def message(self, headers: Headers, query: QueryParams, body: bytes) -> Message:
        """Return the message, decrypted; raise Refused when it is not signed by the account."""
        sent_at = moment(only(query, "timestamp"), float(only(query, "timestamp")), self.tolerance)
        signed: Signed = "address"
        if self.aes_keys:
            signed, body = "body", self._decrypted(query, _encrypted_part(body))
        return Message(_event_id(body), sent_at, body, XML, signed)

    def handshake(self, query: QueryParams, now: float) -> str:
        """Return echostr, as it is (official account) or decrypted (WeCom), when the address is signed."""
        self.check(Headers(), query, now)
        echo = only(query, "echostr")
        if self.aes_keys and "msg_signature" in query:
            return self._decrypted(query, echo).decode("utf-8", "replace")
        self._signed(query, "signature")
        return echo

    def _signed(self, query: QueryParams, name: str, *more: str) -> None:
        given = only(query, name).encode()
        parts = [only(query, "timestamp"), only(query, "nonce"), *more]
        fits = [hmac.compare_digest(_sha1([token, *parts]), given) for token in self.tokens]
        if not any(fits):
            raise unsigned(UNFIT)

    def _decrypted(self, query: QueryParams, encrypted: str) -> bytes:
        try:
            data = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise unsigned(UNFIT) from error
        self._signed(query, "msg_signature", encrypted)  # before anything is decrypted: no padding oracle
        for key in self.aes_keys:
            if (message := _decrypt(data, key, self.receiver_id)) is not None:
                return message
        raise unsigned(UNFIT)


def _sha1(parts: list[str]) -> bytes:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest().encode()


def _encrypted_part(body: bytes) -> str:
    try:
        found = read_message(body).get("Encrypt")
    except BadXml as error:
        raise Refused(400, "body", f"the body is no message of WeChat: {error}") from error
    if not isinstance(found, str):
        raise unsigned("the message is not encrypted; choose 安全模式 (encrypted) in the settings of the account")
    return found


def _decrypt(data: bytes, key: bytes, receiver_id: bytes) -> bytes | None:
    """Return the message for this receiver, None when key or receiver are others."""
    if not data or len(data) % 16:
        return None
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    padded = decryptor.update(data) + decryptor.finalize()
    pad = padded[-1]
    if not 1 <= pad <= BLOCK or padded[-pad:] != bytes([pad]) * pad:
        return None
    content = padded[16:-pad]
    length = int.from_bytes(content[:4], "big")
    message, receiver = content[4 : 4 + length], content[4 + length :]
    return message if len(message) == length and hmac.compare_digest(receiver, receiver_id) else None


def _event_id(body: bytes) -> str:
    """Return the id of a message: MsgId, or for an event, which has none, its own hash. A retry has the same one."""
    try:
        number = read_message(body).get("MsgId")
    except BadXml:
        number = None
    if isinstance(number, str) and EVENT_ID.fullmatch(number):
        return number
    return f"sha256-{hashlib.sha256(body).hexdigest()}"
