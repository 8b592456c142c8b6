"""Answers to sources."""

from collections.abc import Mapping

from starlette.responses import JSONResponse

RETRY_AFTER = 5
"""Seconds after which a caller may try again what could not be taken in."""


def answer(code: int, said: Mapping[str, object], retry_after: int | None = None) -> JSONResponse:
    """A JSON answer with this HTTP status. `retry_after`: seconds, for whoever shall try again."""
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return JSONResponse(said, code, headers)
