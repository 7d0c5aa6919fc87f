"""A server of Trino's client protocol that says what it is told, for what the real one would need a set-up of its
own for: authentication, TLS, busy answers, a hostile nextUri.

    with FakeTrino(pages=[{"columns": [...], "data": [[1]]}, {"data": [[2]]}]) as fake:
        fake.url, fake.requests          # [(method, path, headers, body)]
        fake.statuses[2] = (503, "busy") # of the third request
"""
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COLUMNS = [{"name": "x", "type": "bigint"}]
ONE = [{"columns": COLUMNS, "data": [[1]]}]


class FakeTrino:
    def __init__(self, pages=ONE, tls=None, next_uri=None):
        """tls: (certificate, key) files; next_uri: sends clients there instead."""
        self.pages, self.next_uri = pages, next_uri
        self.requests, self.statuses, self.headers = [], {}, {}
        self.must = {}  # headers that a request needs, else 401
        handler = type("Handler", (Handler,), {"fake": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://localhost:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def answer(self, n):
        """The n-th answer of a statement: the pages, and an end."""
        said = {"id": "20260101_000000_00001_aaaaa", "stats": {"state": "RUNNING", "processedRows": n}}
        if n > 0 and n <= len(self.pages):
            said |= self.pages[n - 1]
        if n <= len(self.pages):
            said["nextUri"] = self.next_uri or f"{self.url}/v1/statement/x/{n + 1}"
        else:
            said["stats"]["state"] = "FINISHED"
        return said


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def handle_it(self):
        fake = self.fake
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        fake.requests.append((self.command, self.path, dict(self.headers.items()), body))
        status, said = fake.statuses.get(len(fake.requests) - 1, (200, None))
        if any(self.headers.get(name) != value for name, value in fake.must.items()):
            status, said = 401, "Unauthorized"
        if said is None:
            n = 0 if self.command == "POST" else int(self.path.rpartition("/")[2])
            said = json.dumps(fake.answer(n)) if self.command != "DELETE" else ""
        data = said if isinstance(said, bytes) else said.encode()
        self.send_response(status)
        for name, value in fake.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = handle_it

    def log_message(self, *_):
        pass
