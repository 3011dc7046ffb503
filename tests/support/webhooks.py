"""Sign webhook messages as a sender would, independently of our own code (Standard Webhooks, version 1)."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from rest_framework.test import APIClient


def signed(secret: str, body: bytes, message_id: str, at: int) -> dict[str, str]:
    """Return the three headers of a message."""
    key = base64.b64decode(secret.split("_", 1)[1])
    mac = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "HTTP_WEBHOOK_ID": message_id,
        "HTTP_WEBHOOK_TIMESTAMP": str(at),
        "HTTP_WEBHOOK_SIGNATURE": f"v1,{base64.b64encode(mac).decode()}",
    }


def send(path: str, secret: str, content: Any, message_id: str = "msg_1", *, age: int = 0, **headers: Any) -> Any:
    """Post a signed message that is `age` seconds old; `headers` replace signed ones."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    made = signed(secret, body, message_id, int(time.time()) - age) | headers
    return APIClient().post(path, body, content_type="application/json", **made)
