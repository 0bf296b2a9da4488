"""What an ASGI server is pointed at: `uvicorn gql.asgi:app`."""

import gc

from gql.server import create_app

app = create_app()

# What was loaded up to here stays until the process ends. A full collection that looks through it
# takes a tenth of a second, in the middle of somebody's request.
gc.collect()
gc.freeze()
