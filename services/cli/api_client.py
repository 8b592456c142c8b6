"""The command line's way to the API: GraphQL over HTTP with a token, as any other client."""

from types import TracebackType
from typing import Any

import httpx2


class ApiError(Exception):
    """The API refused, or cannot be reached; the text is a sentence for the user."""


class ApiClient:
    """An async context manager over one API's address."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url.rstrip('/')}/graphql"
        self._http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False)

    async def __aenter__(self) -> "ApiClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of an operation. Raises ApiError."""
        try:
            answer = await self._http.post(self._url, json={"query": query, "variables": variables or {}})
        except httpx2.HTTPError as error:
            raise ApiError(
                f"The API at {self._url} cannot be reached ({type(error).__name__}). Is it running?"
            ) from None
        try:
            body = answer.json()
        except ValueError:
            raise ApiError(f"{self._url} answered {answer.status_code} without JSON: is it Tocsin's API?") from None
        if body.get("errors"):
            raise ApiError(body["errors"][0]["message"])
        return dict(body["data"])

    async def mutate(self, mutation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The success of a mutation with one field and one `input`. Raises ApiError with the failure's
        sentence.
        """
        data = await self.ask(mutation, {"input": asked})
        result = next(iter(data.values()))
        if result is None or "message" in result:
            raise ApiError((result or {}).get("message", "the mutation gave nothing"))
        return dict(result)
