"""Calls an endpoint of the page by name over HTTP, as the page does or as a program would, forged values included."""

from __future__ import annotations

import json
import secrets
import urllib.request
from typing import Any


class Refused(Exception):
    """The endpoint answered with an error."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


def call(address: str, name: str, *first: Any, owner: str | None = None, **named: Any) -> Any:
    """What an endpoint answers.

    Args:
        address: of the page.
        name: of the endpoint, "extract".
        first: its first values, in order; the others are their defaults.
        owner: the word of a browser: then the call comes as the page's own, and an error is an answer.
        named: other values by their names.

    Raises:
        Refused: it answered a program with an error.
    """
    info = _read(f"{address}gradio_api/info")["named_endpoints"][f"/{name}"]["parameters"]
    places = [one["parameter_name"] for one in info]
    values = {one["parameter_name"]: one.get("parameter_default") for one in info} | dict(
        zip(places, first, strict=False)
    )
    unknown = set(named) - set(places)
    assert not unknown, f"{name} has no {unknown}; it has {places}"
    config = _read(f"{address}config")
    wanted = next(one["id"] for one in config["dependencies"] if one["api_name"] == name)
    session = secrets.token_hex(6)
    body = {"data": list((values | named).values()), "fn_index": wanted, "session_hash": session}
    if owner is not None:
        body["event_data"] = {"owner": owner}
    _read(f"{address}gradio_api/queue/join", json.dumps(body).encode())
    with urllib.request.urlopen(f"{address}gradio_api/queue/data?session_hash={session}", timeout=60) as stream:
        for line in stream:
            said = json.loads(line[5:]) if line.startswith(b"data:") else {}
            if said.get("msg") == "process_completed":
                if not said["success"]:
                    raise Refused(str(said["output"].get("title")), str(said["output"].get("error")))
                return said["output"]["data"][0]
    raise AssertionError("the call has no end")


def _read(address: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())
