"""Sealing with a key that never leaves AWS KMS: each body gets its own data key (AES-256-GCM)."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from sesari.drivers.aws_session import aws_error
from sesari.errors import Problem, SesariError

_FORMAT = "sesari-sealed-1"
_NONCE = 12


class KmsVault:
    """`connect` gives a boto3 KMS client, `key` an alias or ARN. The context is authenticated, not secret."""

    def __init__(self, connect: Callable[[], Any], key: str) -> None:
        self._connect = connect
        self._key = key

    def seal(self, body: bytes, context: Mapping[str, str]) -> bytes:
        """The sealed body: one line of JSON (format, wrapped data key, nonce), then the ciphertext."""
        import botocore.exceptions
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            answer = self._connect().generate_data_key(
                KeyId=self._key, KeySpec="AES_256", EncryptionContext=dict(context)
            )
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise aws_error(error, self._key) from error
        nonce = os.urandom(_NONCE)
        header = {"format": _FORMAT, "key": _text(answer["CiphertextBlob"]), "nonce": _text(nonce)}
        sealed = AESGCM(answer["Plaintext"]).encrypt(nonce, body, _associated(context))
        return json.dumps(header, sort_keys=True).encode() + b"\n" + sealed

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """The body. Raises SesariError `sealed-corrupt` when it, or its context, is not what was sealed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        line, _, rest = sealed.partition(b"\n")
        try:
            header = json.loads(line)
            wrapped, nonce = base64.b64decode(header["key"]), base64.b64decode(header["nonce"])
            known = header["format"] == _FORMAT
        except (ValueError, KeyError, TypeError) as error:
            raise _corrupt("its header cannot be read") from error
        if not known or len(nonce) != _NONCE:
            raise _corrupt("its format is not known to this version of sesari")
        try:
            return AESGCM(self._unwrap(wrapped, context)).decrypt(nonce, rest, _associated(context))
        except InvalidTag as error:
            raise _corrupt("its authentication tag does not match") from error

    def _unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        import botocore.exceptions

        try:
            answer = self._connect().decrypt(CiphertextBlob=wrapped, KeyId=self._key, EncryptionContext=dict(context))
        except botocore.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("InvalidCiphertextException", "IncorrectKeyException"):
                raise _corrupt("KMS does not recognise its data key") from error
            raise aws_error(error, self._key) from error
        except botocore.exceptions.BotoCoreError as error:
            raise aws_error(error, self._key) from error
        return bytes(answer["Plaintext"])


def _associated(context: Mapping[str, str]) -> bytes:
    return json.dumps(dict(context), sort_keys=True).encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _corrupt(why: str) -> SesariError:
    return SesariError(Problem("sealed-corrupt", "A sealed object cannot be opened", why=why))
