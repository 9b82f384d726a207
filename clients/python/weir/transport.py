"""One kept HTTP connection a thread, with the token on every request."""
from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, Optional, Tuple, Union
from urllib.parse import urlsplit

from .errors import WeirError, from_problem

if TYPE_CHECKING:  # a third of the time that importing weir would take: the first request imports it
    import http.client

Payload = Union[None, bytes, BinaryIO]
Body = Union[Payload, Dict[str, Any]]


class Transport:
    """Requests to one server. Thread-safe: each thread has a connection of its own."""

    def __init__(self, url: str, headers: Dict[str, str], timeout: float):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the address of a server: {url!r}")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._headers = headers
        self._timeout = timeout
        self._local = threading.local()

    @property
    def address(self) -> str:
        """"host:port", for messages."""
        return f"{self._host}:{self._port}" if self._port else self._host

    def _connection(self) -> Tuple[http.client.HTTPConnection, bool]:
        connection: Optional[http.client.HTTPConnection] = getattr(self._local, "connection", None)
        if connection is not None:
            return connection, False
        import http.client
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = self._local.connection = kind(self._host, self._port, timeout=self._timeout)
        return connection, True

    def close(self) -> None:
        """Closes this thread's connection; the next call opens another."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _send(self, method: str, path: str, payload: Payload, headers: Dict[str, str]) -> http.client.HTTPResponse:
        import http.client
        connection, fresh = self._connection()
        try:
            connection.request(method, self._prefix + path, payload, headers)
            return connection.getresponse()
        except (http.client.CannotSendRequest, http.client.ResponseNotReady):
            self.close()  # an answer before was not read to its end: nothing of this request went out
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            if fresh:
                raise
        # The server had closed an idle connection before it saw the request: it is sent once more.
        if hasattr(payload, "seek"):
            payload.seek(0)  # type: ignore[union-attr]
        connection, _ = self._connection()
        connection.request(method, self._prefix + path, payload, headers)
        return connection.getresponse()

    def open(self, method: str, path: str, body: Body = None, **headers: str) -> http.client.HTTPResponse:
        """The answer, unread; raises WeirError when its status says that the call failed."""
        sent = {**self._headers, **headers}
        if isinstance(body, dict):
            sent["Content-Type"] = "application/json"
            payload: Payload = json.dumps(body, allow_nan=False).encode()
        else:
            payload = body
            if payload is not None and not isinstance(payload, bytes):
                sent["Content-Length"] = str(os.fstat(payload.fileno()).st_size)
        try:
            answer = self._send(method, path, payload, sent)
        except OSError as error:
            self.close()
            raise WeirError(f"{self.address} does not answer: {error}", "SERVER_UNREACHABLE") from error
        if answer.status < 400:
            return answer
        text = answer.read()
        try:
            problem = json.loads(text)
        except ValueError:
            problem = {"detail": text.decode(errors="replace")}
        raise from_problem(answer.status, problem if isinstance(problem, dict) else {"detail": str(problem)})

    def call(self, method: str, path: str, body: Body = None, **headers: str) -> Any:
        """The answer's JSON."""
        with self.open(method, path, body, **headers) as answer:
            return json.loads(answer.read() or b"null")
