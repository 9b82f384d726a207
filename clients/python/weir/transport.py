"""One kept HTTP connection a thread, with the token on every request."""
from __future__ import annotations

import http.client
import json
import threading
from typing import Any, Dict, Optional, Tuple, Union
from urllib.parse import urlsplit

from .errors import WeirError, from_problem

Body = Union[None, bytes, Dict[str, Any]]


class Transport:
    """Requests to one server. Thread-safe: each thread has a connection of its own."""

    def __init__(self, url: str, headers: Dict[str, str], timeout: float):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the address of a server: {url!r}")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._headers = headers
        self._timeout = timeout
        self._local = threading.local()

    def _connection(self) -> Tuple[http.client.HTTPConnection, bool]:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            return connection, False
        self._local.connection = self._kind(self._host, self._port, timeout=self._timeout)
        return self._local.connection, True

    def close(self) -> None:
        """Closes this thread's connection; the next call opens another."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _send(self, method: str, path: str, payload: Optional[bytes], headers: Dict[str, str]) -> http.client.HTTPResponse:
        connection, fresh = self._connection()
        try:
            connection.request(method, self._prefix + path, payload, headers)
            return connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            if fresh:
                raise
        # The server had closed an idle connection before it saw the request: it is sent once more.
        connection, _ = self._connection()
        connection.request(method, self._prefix + path, payload, headers)
        return connection.getresponse()

    def open(self, method: str, path: str, body: Body = None, **headers: str) -> http.client.HTTPResponse:
        """The answer, unread; raises WeirError when its status says that the call failed."""
        sent = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        payload = body if isinstance(body, (bytes, type(None))) else json.dumps(body, allow_nan=False).encode()
        if isinstance(body, dict):
            sent["Content-Type"] = "application/json"
        try:
            answer = self._send(method, path, payload, sent)
        except OSError as error:
            self.close()
            raise WeirError(f"{self._host}:{self._port} does not answer: {error}", "SERVER_UNREACHABLE") from error
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
        return json.loads(self.open(method, path, body, **headers).read() or b"null")
