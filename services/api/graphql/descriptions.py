"""What the schema says of itself: the docstrings of its types, inputs, enums, unions' members and resolvers."""

import inspect
from typing import Any

from strawberry.schema import BaseSchema


def describe(schema: BaseSchema) -> None:
    """Give every type and field that has a docstring of ours its text as description."""
    for concrete in schema.schema_converter.type_map.values():
        definition: Any = concrete.definition
        described: Any = concrete.implementation
        origin = getattr(definition, "origin", None) or getattr(definition, "wrapped_cls", None)
        if origin is not None and _is_ours(origin) and not described.description:
            described.description = _text(origin)
        for field in getattr(definition, "fields", ()):
            _describe_field(schema, field, described)


def _describe_field(schema: Any, field: Any, described: Any) -> None:
    resolver = getattr(field, "base_resolver", None)
    shown = getattr(described, "fields", {}).get(schema.config.name_converter.get_graphql_name(field))
    if resolver is not None and shown is not None and not shown.description:
        shown.description = _text(resolver.wrapped_func)


def _is_ours(origin: Any) -> bool:
    return str(getattr(origin, "__module__", "")).startswith(("services.", "shared."))


def _text(described: Any) -> str | None:
    """The docstring as one paragraph a line, as Markdown wants it."""
    text = inspect.getdoc(described)
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")) if text else None
