"""What one operation may cost, judged before it is validated.

Strawberry's own depth and alias limiters visit a fragment once for each spread of it, so nested fragments
make them exponential, and they defeat the validation cache. This one measures each fragment once, and its
sums are plain numbers.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from strawberry.extensions import ValidationCache

MOST_TOKENS = 2_000
DEEPEST = 15
MOST_FIELDS = 1_000
MOST_ROOT_FIELDS = 10


@dataclass(frozen=True, slots=True)
class Weight:
    """Levels of nesting, fields in all (aliases count), and fields at the top."""

    depth: int
    fields: int
    top: int


class TooHeavy(GraphQLError):
    """The operation is refused before it runs."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "QUERY_TOO_COMPLEX"})


def refuse_heavy(document: DocumentNode) -> None:
    """Raise TooHeavy when any operation of the document is over a limit, or its fragments run in a ring."""
    measure = _Measure(document)
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode):
            continue
        weight = measure.selection(definition.selection_set)
        if weight.depth > DEEPEST:
            raise TooHeavy(f"The operation nests {weight.depth} levels deep; {DEEPEST} are allowed.")
        if weight.fields > MOST_FIELDS:
            raise TooHeavy(f"The operation asks for {weight.fields} fields; {MOST_FIELDS} are allowed.")
        if weight.top > MOST_ROOT_FIELDS:
            raise TooHeavy(f"The operation has {weight.top} root fields; {MOST_ROOT_FIELDS} are allowed.")


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, Weight | None] = {}

    def selection(self, selections: SelectionSetNode | None) -> Weight:
        depth = fields = top = 0
        for node in selections.selections if selections else ():
            weight = self._node(node)
            depth, fields, top = max(depth, weight.depth), fields + weight.fields, top + weight.top
        return Weight(depth, fields, top)

    def _node(self, node: object) -> Weight:
        match node:
            case FieldNode():
                inner = self.selection(node.selection_set)
                return Weight(inner.depth + 1, inner.fields + 1, 1)
            case InlineFragmentNode():
                return self.selection(node.selection_set)
            case FragmentSpreadNode():
                return self._fragment(node.name.value)
            case _:
                return Weight(0, 0, 0)

    def _fragment(self, name: str) -> Weight:
        if name in self._known:
            known = self._known[name]
            if known is None:
                raise TooHeavy(f"The fragment {name} contains itself.")
            return known
        self._known[name] = None
        fragment = self._fragments.get(name)
        weight = self.selection(fragment.selection_set) if fragment else Weight(0, 0, 0)
        self._known[name] = weight
        return weight


class Guard(ValidationCache):
    """Who asks and what it costs first, then graphql-core's own validation, whose result is cached."""

    _known = False

    async def on_operation(self) -> AsyncIterator[None]:
        """Bound the parser, and look whether the caller's token still works."""
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        context = self.execution_context.context
        context.asked = 0
        self._known = await context.is_still_known()
        yield

    def on_validate(self) -> Iterator[None]:
        """Refuse what is too heavy without validating it."""
        if not self._known:
            text = "The token does not work any more."
            self.execution_context.pre_execution_errors = [GraphQLError(text, extensions={"code": "UNAUTHENTICATED"})]
            yield
            return
        document = self.execution_context.graphql_document
        if document is not None:
            try:
                refuse_heavy(document)
            except TooHeavy as error:
                self.execution_context.pre_execution_errors = [error]
                yield
                return
        yield from super().on_validate()
