"""The HTTP side: server, streams, authentication, OpenAPI description, ready callback."""
