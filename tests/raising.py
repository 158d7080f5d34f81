"""``pytest.raises`` for what programs decide by: class, code, field and facts of an error, never its sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from core.errors import FramesieveError

Error = TypeVar("Error", bound=FramesieveError)


@contextlib.contextmanager
def raises(
    kind: type[Error], *, code: str | None = None, field: str | None = None, **facts: Any
) -> Iterator[pytest.ExceptionInfo[Error]]:
    """Fails unless the block raises such an error; what is not given may be anything.

    Args:
        kind: its class, or one above.
        code: its code.
        field: the setting or argument at fault.
        facts: some of its facts.
    """
    with pytest.raises(kind) as raised:
        yield raised
    error = raised.value
    assert code in (None, error.code), f"{error.code}: {error}"
    assert field in (None, error.field), f"{error.field}: {error}"
    assert {name: error.facts.get(name) for name in facts} == facts, str(error)
