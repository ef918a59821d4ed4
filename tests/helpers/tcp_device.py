# SPDX-License-Identifier: Apache-2.0
"""A TCP server that behaves as a device on a pyserial URL."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def device(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A TCP server that runs `behave` with its first client; yields its pyserial URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                behave(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        thread.join(60)


def wait_for_end(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def sends(*pieces: bytes) -> Callable[[socket.socket], None]:
    """Waits for a first line, since pyserial drops what is there when it opens; then sends the pieces."""

    def behave(connection: socket.socket) -> None:
        connection.recv(100)
        for piece in pieces:
            connection.sendall(piece)
        wait_for_end(connection)

    return behave
