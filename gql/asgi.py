"""What an ASGI server is pointed at: `uvicorn gql.asgi:app`."""

from gql.server import create_app

app = create_app()
