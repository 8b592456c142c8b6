"""The API's schema says of itself what it is: clients are made from it, and its browser shows it."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

SCHEMA = build_schema((Path(__file__).parents[2] / "services/api/schema.graphql").read_text())
ROOTS = {root.name: root for root in (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type) if root}
KINDS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType, GraphQLEnumType, GraphQLScalarType)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_type_says_what_it_is(kind: type) -> None:
    """Objects, interfaces, inputs, enums and scalars of ours; unions are told by their members."""
    ours = {
        name: found
        for name, found in SCHEMA.type_map.items()
        if isinstance(found, kind) and not (is_introspection_type(found) or is_specified_scalar_type(found))
    }
    assert ours
    assert [name for name, found in ours.items() if not found.description and name not in ROOTS] == []


@pytest.mark.parametrize("root", ROOTS)
def test_everything_that_can_be_asked_for_says_what_it_does(root: str) -> None:
    """Queries, mutations and subscriptions."""
    assert [name for name, field in ROOTS[root].fields.items() if not field.description] == []
