"""GraphQL over HTTP: a module for each noun, the rules of access, and the ASGI application."""
