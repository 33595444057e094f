"""The server of the page: on 127.0.0.1 alone, on a free port, for who knows the token.

A page of somebody else in the same browser can send requests here: it knows no token, and its Origin and Host tell it
apart. Another user of the machine can reach the port: the token is in no command line, only in a private file.
"""

from __future__ import annotations

import json
import secrets
import socketserver
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from bds_tool.base.errors import UserError
from bds_tool.base.text import set_language, t
from bds_tool.export.desk import page
from bds_tool.export.desk.work import JOBS, SIDES, Refused, TooLarge, Work

#: Seconds without a sign of life of the window before all is closed. A window that is out of sight tells it once a minute.
ALIVE = 200.0
#: Seconds until a window must have come, and from when one says goodbye until all is closed (a page that is reloaded comes back).
FIRST, GOODBYE = 900.0, 3.0
#: Bytes of a request that is no file.
SMALL = 4096
#: Nothing from elsewhere, and reports in a frame of their own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: A report has its script and style inside; it may load nothing and is cut off from the page around it.
_REPORT = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_KINDS = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "txt": "text/plain",
    "csv": "text/csv",
}


class Desk(ThreadingHTTPServer):
    """The server; `url` opens the page. `closed` is set when the window has gone."""

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, work: Work, lang: str) -> None:
        self.work, self.lang = work, lang
        self.token = secrets.token_urlsafe(32)
        self._until = time.monotonic() + FIRST
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.host}/{self.token}/"

    def server_bind(self) -> None:
        # The one of HTTPServer asks the network for the name of this machine.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """A window that went away in the middle is no news."""

    def alive(self, seconds: float = ALIVE) -> None:
        self._until = time.monotonic() + seconds

    def service_actions(self) -> None:
        """Asked for twice a second by `serve_forever`."""
        if time.monotonic() > self._until:
            threading.Thread(target=self.shutdown, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Desk
    timeout = 60
    server_version, sys_version = "bds", ""

    def log_message(self, *_: object) -> None:
        """Nothing is written down: an address holds the token, a name may hold one of a child."""

    def do_GET(self) -> None:
        set_language(self.server.lang)
        path = self._path(changes=False)
        if path is None:
            return
        if path == "":
            self.server.alive()
            self._send(200, page.html().encode(), "text/html", _POLICY)
        elif path in page.FILES:
            self._send(200, page.file(path), _KINDS[path.rpartition(".")[2]], _POLICY)
        elif (made := self.server.work.shown(path.removeprefix("result/"))) is not None:
            self._send(200, made, _KINDS[path.rpartition(".")[2]], _REPORT)
        else:
            self._refuse(404)

    def do_PUT(self) -> None:
        """A file: `/TOKEN/file/SIDE?name=…`."""
        set_language(self.server.lang)
        path = self._path(changes=True)
        size = self.headers.get("Content-Length", "")
        if path is None:
            return
        side = path.removeprefix("file/")
        if side not in SIDES or not size.isascii() or not size.isdecimal() or len(size) > 15:
            self._refuse(411 if side in SIDES else 404)
            return
        name = parse_qs(urlsplit(self.path).query).get("name", [""])[0]
        try:
            self.server.work.take(side, name, int(size), self.rfile)
        except TooLarge:
            limit = self.server.work.limit // 1_000_000
            self._refuse(
                413,
                t(f"Samen meer dan {limit} MB: dat past hier niet.", f"Together over {limit} MB: too much."),
            )
        except Refused as refused:
            self._refuse(400, str(refused))
        else:
            self._tell({"files": len(self.server.work.files(side))})

    def do_POST(self) -> None:
        set_language(self.server.lang)
        path = self._path(changes=True)
        if path is None:
            return
        size = self.headers.get("Content-Length") or "0"
        if not size.isascii() or not size.isdecimal() or len(size) > len(str(SMALL)) or int(size) > SMALL:
            self._refuse(413)
            return
        self.rfile.read(int(size))
        action, _, what = path.partition("/")
        try:
            self._act(action, what)
        except UserError as error:
            self._refuse(409, f"{error.message} {error.remedy or ''}".strip())
        except Refused as refused:
            self._refuse(409, str(refused))

    def _act(self, action: str, what: str) -> None:
        work = self.server.work
        self.server.alive(GOODBYE if action == "bye" else ALIVE)
        if action in {"beat", "bye"} and not what:
            self._tell({})
        elif action == "clear" and what in SIDES:
            work.clear(what)
            self._tell({})
        elif action == "run" and what in JOBS:
            outcome = work.run(what)
            self.server.alive()
            self._tell({"code": outcome.code, "said": outcome.said, "files": outcome.files})
        elif action == "save" and what in JOBS:
            self._tell({"saved": work.save(what), "folder": str(work.target)})
        else:
            self._refuse(404)

    # ---- WHO ASKS ---- #

    def _path(self, *, changes: bool) -> str | None:
        """The path behind the token; None when it was refused. What changes something must come from the page itself."""
        here = self.server.host
        origin = self.headers.get_all("Origin") or []
        token, _, path = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        ours = (
            (self.headers.get_all("Host") or []) == [here]
            and all(o == f"http://{here}" for o in origin)
            and (bool(origin) or not changes)
            and secrets.compare_digest(token.encode(), self.server.token.encode())
            and "Transfer-Encoding" not in self.headers
            and len(self.headers.get_all("Content-Length") or []) < 2
        )
        if not ours:
            self._refuse(404)
            return None
        return path

    # ---- WHAT IS SAID ---- #

    def _refuse(self, code: int, message: str = "") -> None:
        self.close_connection = True
        self._send(code, json.dumps({"error": message}).encode(), "application/json", "default-src 'none'")

    def _tell(self, facts: Mapping[str, object]) -> None:
        self._send(200, json.dumps(facts).encode(), "application/json", "default-src 'none'")

    def _send(self, code: int, content: bytes, kind: str, policy: str) -> None:
        self.send_response(code)
        for name, value in (
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Content-Length", str(len(content))),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
