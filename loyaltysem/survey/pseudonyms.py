"""Names for respondents that only the holder of a key can connect with the real ones."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from loyaltysem.core.errors import IncompatibleRequestError

LENGTH = 32  # hexadecimal digits: 128 bits, so that no two of a billion respondents collide
SAFE_KEY = 16  # bytes


def key_bytes(key: str | bytes) -> bytes:
    """Return a key as bytes.

    Raises
    ------
    IncompatibleRequestError
        The key is empty: then anybody could redo the pseudonyms.
    """
    secret = key.encode("utf-8") if isinstance(key, str) else bytes(key)
    if not secret:
        raise IncompatibleRequestError(
            "A pseudonym needs a key, found an empty one.",
            code="pseudonym.key",
            hint="Make one with secrets.token_hex(32) and keep it apart from the data.",
        )
    return secret


def pseudonyms(names: Iterable[str], key: str | bytes) -> list[str]:
    """Return HMAC-SHA256 of each name under a key, cut to 128 bits, as hexadecimal digits.

    The same name and key always give the same pseudonym, in any file and on any day, so waves and
    customer records can still be joined. An empty name stays empty.

    Examples
    --------
    >>> first, again, other = pseudonyms(["C0001", "C0001", "C0002"], "correct horse battery")
    >>> first == again, first == other, len(first)
    (True, False, 32)
    """
    secret = key_bytes(key)
    return [_pseudonym(name, secret) if name else "" for name in names]


def _pseudonym(name: str, secret: bytes) -> str:
    return hmac.new(secret, name.encode("utf-8"), hashlib.sha256).hexdigest()[:LENGTH]
