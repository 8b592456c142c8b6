"""What every mutation promises alike, asked of each that stands in the schema: roles, ids, texts, and keys."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_required_input_field,
)

from shared.wire import global_id
from tests.support.graphql import Client, faults
from tests.support.world import ADA, BO

SCHEMA = build_schema((Path(__file__).parents[2] / "services/api/schema.graphql").read_text())
MUTATIONS = SCHEMA.mutation_type.fields if SCHEMA.mutation_type else {}
OF_INCIDENT = {"statusUpdateId", "taskId", "linkId"}
"""Ids that mean something only within their incident."""

KINDS = {
    "userId": "User",
    "userIds": "User",
    "ownerId": "User",
    "escalationPolicyId": "EscalationPolicy",
    "teamId": "Team",
    "serviceId": "Service",
}
KEYS = {"User": BO, "EscalationPolicy": "policy-web", "Team": "team", "ContactMethod": f"{BO}-log"}
MORE = {"publishStatusUpdate": {"audience": "PUBLIC", "text": "words"}}
"""What is optional in the schema, and needed."""

FAILURE = "__typename ... on UserError { message code issues { path code } }"


def input_of(mutation: str) -> GraphQLInputObjectType:
    """The type of the mutation's one argument."""
    named = get_named_type(MUTATIONS[mutation].args["input"].type)
    assert isinstance(named, GraphQLInputObjectType)
    return named


def kind_of(mutation: str, field: str) -> str:
    """What the ids in that field name."""
    if field == "contactMethodId":
        return "ContactMethod"
    if field == "dependsOn" or field == "serviceIds":
        return "Service"
    if field == "id":
        return next((kind for kind in ("ActionItem", "Integration") if kind in mutation), "Incident")
    return KINDS.get(field, "Incident")


class Fitting:
    """Inputs that fit a mutation, about two fresh incidents and an integration."""

    def __init__(self, one: str, other: str, integration: str) -> None:
        self.one = one
        self.other = other
        self.integration = integration

    def input(self, mutation: str) -> dict[str, Any]:
        """The least that it takes."""
        return self._object(mutation, input_of(mutation)) | MORE.get(mutation, {})

    def _object(self, mutation: str, kind: GraphQLInputObjectType) -> dict[str, Any]:
        if kind.name == "BulkTargets":
            return {"ids": [self.one]}
        required = {name: field for name, field in kind.fields.items() if is_required_input_field(field)}
        return {name: self.value(mutation, name, field) for name, field in required.items()}

    def value(self, mutation: str, name: str, field: GraphQLInputField) -> Any:
        """A value that fits that field."""
        fits = self._single(mutation, name, get_named_type(field.type))
        return [fits] if isinstance(get_nullable_type(field.type), GraphQLList) else fits

    def _single(self, mutation: str, name: str, kind: Any) -> Any:
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(mutation, kind)
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        if kind.name == "ID":
            return self._id(mutation, name)
        texts = {"url": "https://example.org", "email": "x@example.org", "channel": "log"}
        values = {"String": texts.get(name, "words"), "Boolean": True, "Int": 1, "DateTime": "2026-01-01T00:00:00Z"}
        return values[kind.name]

    def _id(self, mutation: str, name: str) -> str:
        kind = kind_of(mutation, name)
        if kind == "Incident":
            return self.other if name in ("otherId", "sourceIds", "parentId") else self.one
        if kind == "Integration":
            return self.integration
        return global_id(kind, KEYS.get(kind, "0" * 32))


@pytest_asyncio.fixture(scope="module")
async def fitting(client: Client) -> AsyncIterator[Fitting]:
    """About two incidents and an integration, to which nothing must ever happen here."""
    made = await client.other("createIntegration", "integration { id }", name="one", format="PAGERDUTY")
    one, other = await client.report("one"), await client.report("other")
    fits = Fitting(one["id"], other["id"], made["integration"]["id"])
    yield fits
    await untouched(client, fits)


async def untouched(client: Client, fits: Fitting) -> None:
    """Nothing was written to any of them."""
    query = "query($id: ID!) { node(id: $id) { ... on Incident { version timeline { nodes { type } } } } }"
    for one in (fits.one, fits.other):
        found = (await client.ask(query, id=one))["node"]
        assert found == {"version": 1, "timeline": {"nodes": [{"type": "triggered"}]}}
    query = "query($id: ID!) { integration(id: $id) { version } }"
    assert await client.ask(query, id=fits.integration) == {"integration": {"version": 1}}


def fields(mutation: str, kind: str, *, lists: bool) -> list[str]:
    """The fields of its input that hold such a scalar, or a list of them."""
    return [
        name
        for name, field in input_of(mutation).fields.items()
        if get_named_type(field.type).name == kind and isinstance(get_nullable_type(field.type), GraphQLList) is lists
    ]


def having(*names: str) -> list[str]:
    """The mutations whose input has one of these fields."""
    return [mutation for mutation in MUTATIONS if set(names) & set(input_of(mutation).fields)]


async def ask(client: Client, mutation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Its result; only failures show more than their type."""
    query = f"mutation($input: {input_of(mutation).name}!) {{ {mutation}(input: $input) {{ {FAILURE} }} }}"
    return dict((await client.ask(query, input=asked))[mutation])


async def issues_of(client: Client, fits: Fitting, mutation: str, **wrong: Any) -> list[tuple[str, str]]:
    """What is wrong with a fitting input in which this is changed; it must be refused as invalid."""
    refused = await ask(client, mutation, {**fits.input(mutation), **wrong})
    assert (refused["__typename"], refused.get("code")) == ("ValidationError", "VALIDATION"), (wrong, refused)
    return faults(refused)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_shape_of_a_mutation(mutation: str) -> None:
    """`doThing` takes one `DoThingInput` and returns the nullable union `DoThingPayload`: its success, or errors."""
    thing = mutation[0].upper() + mutation[1:]
    assert list(MUTATIONS[mutation].args) == ["input"]
    assert input_of(mutation).name == f"{thing}Input"
    payload = MUTATIONS[mutation].type
    assert isinstance(payload, GraphQLUnionType) and payload.name == f"{thing}Payload"
    success, *errors = payload.types
    assert success.name == f"{thing}Success"
    shared = SCHEMA.type_map["UserError"]
    assert errors and all(isinstance(error, GraphQLObjectType) and shared in error.interfaces for error in errors)


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_a_viewer_changes_nothing(client: Client, viewer: Client, fitting: Fitting, mutation: str) -> None:
    """Every mutation is forbidden to a token that may only look."""
    refused = await ask(viewer, mutation, fitting.input(mutation))
    assert (refused["__typename"], refused["code"]) == ("ForbiddenError", "FORBIDDEN")
    await untouched(client, fitting)


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if fields(name, "ID", lists=False)])
async def test_bad_ids(client: Client, fitting: Fitting, mutation: str) -> None:
    """What is no id, and an id of something else, is an issue with its place, wherever an id is taken."""
    for field in fields(mutation, "ID", lists=False):
        if field in OF_INCIDENT:
            continue
        foreign = global_id("Service" if kind_of(mutation, field) != "Service" else "User", ADA)
        for wrong, code in (("nonsense", "MALFORMED_ID"), (foreign, "WRONG_TYPE"), ("", "MALFORMED_ID")):
            assert await issues_of(client, fitting, mutation, **{field: wrong}) == [(f"input.{field}", code)]
    await untouched(client, fitting)


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if fields(name, "ID", lists=True)])
async def test_bad_ids_in_lists(client: Client, fitting: Fitting, mutation: str) -> None:
    """In a list, the issue's place has the index."""
    for field in fields(mutation, "ID", lists=True):
        known = global_id("Service", "service-checkout") if kind_of(mutation, field) == "Service" else fitting.other
        found = await issues_of(client, fitting, mutation, **{field: [known, "nonsense"]})
        assert found == [(f"input.{field}.1", "MALFORMED_ID")]
    await untouched(client, fitting)


@pytest.mark.parametrize("mutation", having("id"))
async def test_an_unknown_id(client: Client, fitting: Fitting, mutation: str) -> None:
    """An id of nothing is NOT_FOUND."""
    unknown = global_id(kind_of(mutation, "id"), "f" * 32)
    refused = await ask(client, mutation, {**fitting.input(mutation), "id": unknown})
    assert (refused["__typename"], refused["code"]) == ("NotFoundError", "NOT_FOUND")


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if fields(name, "String", lists=False)])
async def test_bad_texts(client: Client, fitting: Fitting, mutation: str) -> None:
    """No text with NUL, which not every reader of events can take, is let in anywhere, and every text has a bound."""
    for field in fields(mutation, "String", lists=False):
        for wrong in ("words\0", "x" * 20_001):
            found = await issues_of(client, fitting, mutation, **{field: wrong})
            assert [place for place, _ in found] == [f"input.{field}"], wrong[:9]
    await untouched(client, fitting)


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if fields(name, "String", lists=True)])
async def test_bad_texts_in_lists(client: Client, fitting: Fitting, mutation: str) -> None:
    """In a list, the issue's place has the index."""
    for field in fields(mutation, "String", lists=True):
        found = await issues_of(client, fitting, mutation, **{field: ["fine", "words\0"]})
        assert found == [(f"input.{field}.1", "INVALID")]


@pytest.mark.parametrize("mutation", having("expectedVersion"))
async def test_another_version(client: Client, fitting: Fitting, mutation: str) -> None:
    """Whatever is asked of an incident, on another version than expected it is a conflict, and nothing is written."""
    refused = await ask(client, mutation, {**fitting.input(mutation), "expectedVersion": 7})
    unmerged = mutation == "unmergeIncident"  # there is nothing to undo, on any version
    assert refused["code"] == ("INVALID_TRANSITION" if unmerged else "CONFLICT")
    await untouched(client, fitting)


@pytest.mark.parametrize("mutation", having("idempotencyKey"))
async def test_bad_keys(client: Client, fitting: Fitting, mutation: str) -> None:
    """An idempotency key of no or too many characters is an issue, wherever one is taken."""
    for key in ("", "k" * 201):
        found = await issues_of(client, fitting, mutation, idempotencyKey=key)
        assert found == [("input.idempotencyKey", "LENGTH")]
    await untouched(client, fitting)
