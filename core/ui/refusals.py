"""How an error of ours becomes an answer of a route: its mapping as JSON, under the status of its code or class."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from core.errors import DecodeError, FramesieveError, JobError, QueueFull, RunBusy, SettingsError
from core.ui.answers import answer

STATUS: dict[type[FramesieveError] | str, int] = {
    "not_signed_in": 401,
    "forbidden": 403,
    "not_found": 404,
    "run_gone": 410,
    "too_slow": 408,
    "too_large": 413,
    "too_many_uploads": 503,
    "upload_too_large": 413,
    DecodeError: 404,
    JobError: 409,
    QueueFull: 429,
    RunBusy: 409,
    SettingsError: 422,
}
"""By code, else by class; 400 for every other."""


def status_of(error: FramesieveError) -> int:
    """Returns the HTTP status of an answer that tells of this error."""
    return STATUS.get(error.code, STATUS.get(type(error), 400))


def refusal(error: FramesieveError, **more: Any) -> Response:
    """Answers with an error: ``error`` (its sentence), ``code``, ``field``, ``facts`` and ``more`` JSON values."""
    return answer(error.to_mapping() | more, status_of(error))
