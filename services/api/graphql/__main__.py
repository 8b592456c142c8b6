"""`python -m services.api.graphql` prints the schema."""

from services.api.graphql.schema import build

print(build().as_str())
