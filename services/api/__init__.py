"""The API: GraphQL over HTTP, SSE and WebSocket, and the process's health."""
