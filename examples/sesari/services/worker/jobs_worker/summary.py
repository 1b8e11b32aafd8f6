"""Makes a text short: by taking its first sentences, or by asking a model."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable

Summarize = Callable[[str], str]
OPENAI = "https://api.openai.com"
MODEL = "gpt-4o-mini"


def extract(text: str, longest: int = 200) -> str:
    """The first sentences that fit into `longest` characters; at least a part of the first."""
    taken = ""
    for sentence in re.split(r"(?<=[.!?])\s+", " ".join(text.split())):
        candidate = f"{taken} {sentence}".strip()
        if len(candidate) > longest:
            break
        taken = candidate
    return taken or text[: longest - 1].rstrip() + "…"


def openai(key: str, base: str = OPENAI) -> Summarize:
    """A summarizer that asks OpenAI; a failed request raises OSError, and the job is tried again."""

    def summarize(text: str) -> str:
        messages = [
            {"role": "system", "content": "Summarize the user's text in at most two sentences."},
            {"role": "user", "content": text},
        ]
        request = urllib.request.Request(
            f"{base}/v1/chat/completions",
            data=json.dumps({"model": MODEL, "messages": messages}).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(json.load(answer)["choices"][0]["message"]["content"])

    return summarize
