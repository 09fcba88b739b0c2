"""A real HTTP server on loopback that plays a callback endpoint. Asserts nothing."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Endpoint:
    """What came in, and what is answered."""

    url: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    pause_s: float = 0
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """An endpoint at `.url` until the block ends."""
    played = Endpoint()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            played.got.append((dict(self.headers), self.rfile.read(length)))
            time.sleep(played.pause_s)
            self.send_response(played.status)
            for name, value in played.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(played.body)))
            self.end_headers()
            self.wfile.write(played.body)

        def log_message(self, *args: object) -> None:
            """Silent."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            """A client that hangs up is part of the play."""

    server = Server(("127.0.0.1", 0), Door)
    played.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
