"""The GraphQL schema: one folder an aggregate, one file a mutation."""
