"""Salon inside a FastAPI application, at /salon. Run it, open http://127.0.0.1:8080/salon/.

pip install fastapi
python examples/mount_in_fastapi.py
"""

import os

import uvicorn
from fastapi import FastAPI

from salon import Agent, Salon

app = FastAPI()
salon = Salon(agents=[Agent(name="guide", instructions="You explain this application.")])


@app.get("/hello")
def hello() -> dict[str, str]:
    return {"hello": "world"}


# FastAPI does not tell what is mounted in it that it starts, so Salon starts with its first request.
app.mount("/salon", salon.asgi)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8080")), ws="websockets-sansio")
