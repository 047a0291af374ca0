"""What the fan-out of rooms is measured beside: python-socketio, and ``websockets.broadcast`` with nothing around it.

    python bench/fanout_servers.py socketio|broadcast

Each says every message that it hears to everybody. Run in an environment of its own, with uvloop, as their users run them.
"""

import asyncio
import socket
import sys

import socketio
import uvicorn
import uvloop
import websockets.asyncio.server as server_module


async def broadcast() -> None:
    async def handle(connection: server_module.ServerConnection) -> None:
        async for message in connection:
            server_module.broadcast(server.connections, message)

    async with server_module.serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(f"ready on {server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Event().wait()


async def talk() -> None:
    server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"], http_compression=False)

    @server.on("connect")  # type: ignore[untyped-decorator]
    async def connect(sid: str, environ: dict[str, object]) -> None:
        await server.enter_room(sid, "chat")

    @server.on("say")  # type: ignore[untyped-decorator]
    async def say(sid: str, data: str) -> None:
        await server.emit("said", data, room="chat")

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        socketio.ASGIApp(server), log_level="error", ws="websockets-sansio", ws_per_message_deflate=False, loop="uvloop"
    )
    print(f"ready on {listener.getsockname()[1]}", flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run({"broadcast": broadcast, "socketio": talk}[sys.argv[1]]())
