"""How fast GraphQL is answered, beside strawberry and graphql-yoga on the same data."""
