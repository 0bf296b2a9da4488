"""The GraphQL API over the service."""
