"""A proxy between tailrace and the servers that logs every call and makes chosen ones fail.

    def test_a_lost_reply_of_the_commit(project, aws, fault_proxy):
        proxy = fault_proxy(aws)                                # one listener for each of aws's services
        rule = proxy.fail("reset_after", "s3:PutObject", path=r"/manifests/")     # the first such call
        project.run("run", env=proxy.env, check=0)
        assert rule.fired == 1
        assert proxy.count("s3:PutObject", path=r"/manifests/") == 1

Any HTTP endpoint: `proxy = fault_proxy({"trino": trino.endpoint})`, then `proxy.endpoint("trino")`.
The request is passed on byte for byte (the Host header too), so that signatures still hold.

proxy.calls        what came, in order: Call(operation, method, path, query, status, fault);
                   operation is `service:Name`, as in an IAM policy: s3:UploadPart, glue:GetTable,
                   sts:AssumeRole; with other servers `service:METHOD /path`
proxy.operations() the names only, each once, in order of their first call
proxy.fail(fault, operation, method=, path=, query=, nth=1, times=1)
                   operation, path and query are regular expressions (operation must match whole);
                   fires from the nth matching call on, `times` times (None: always);
                   fault is a name of FAULTS, or a Fault
proxy.hold(operation, ...)
                   holds the nth matching call before the server sees it:
                       held = proxy.hold("glue:UpdateTable"); ...; held.wait(); ...; held.release()
                   hold(..., after=True): when the server has answered
proxy.down(service)
                   a context in which connecting to it is refused
proxy.delay_s      how long every call takes at least, before the server sees it (0)
proxy.clear()      forgets rules and calls

Every call site and every fault: run once without faults for proxy.operations(), then once for
each pair with `proxy.fail(fault, re.escape(operation), nth=n)`, n up to proxy.count(operation).
"""
import contextlib
import dataclasses
import json
import re
import socket
import struct
import threading
import time
from urllib.parse import parse_qsl, unquote, urlsplit

BODY_MAX = 256 << 20
WAIT_S = 120

# S3's operations of an object or a bucket, by method and the sub-resource in the query.
S3_OBJECT = {
    ("PUT", "partNumber"): "UploadPart", ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload", ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "uploadId"): "ListParts", ("GET", "tagging"): "GetObjectTagging", ("PUT", "tagging"): "PutObjectTagging",
    ("GET", "attributes"): "GetObjectAttributes",
    ("PUT", ""): "PutObject", ("GET", ""): "GetObject", ("HEAD", ""): "HeadObject", ("DELETE", ""): "DeleteObject",
}
S3_BUCKET = {
    ("GET", "list-type"): "ListObjectsV2", ("GET", "uploads"): "ListMultipartUploads",
    ("POST", "delete"): "DeleteObjects", ("GET", "location"): "GetBucketLocation",
    ("HEAD", ""): "HeadBucket", ("PUT", ""): "CreateBucket", ("DELETE", ""): "DeleteBucket", ("GET", ""): "ListObjects",
}


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to a call.

    kind: `reset`, `refuse`, `stall`, `truncate`, `answer`, `garble`
    handled: the server gets the call, and only its answer is lost or replaced
    status, code: of an answer; code_json where the JSON services call it otherwise
    """
    kind: str
    handled: bool = False
    status: int = 0
    code: str = ""
    code_json: str = ""
    message: str = "made by the fault proxy"
    headers: tuple = ()
    seconds: float = 0.5  # of refuse


FAULTS = {
    # The connection.
    "refuse": Fault("refuse"),                        # reset, then nobody listens for `seconds`
    "reset_before": Fault("reset"),                   # the server never sees the call
    "reset_after": Fault("reset", handled=True),      # done, but the reply is lost
    "stall_before": Fault("stall"),                   # until the client gives up
    "stall_after": Fault("stall", handled=True),
    "truncate": Fault("truncate", handled=True),      # half of the answer's body (or headers), then the end
    # Answers in the server's place.
    "500": Fault("answer", False, 500, "InternalError", "InternalServiceException"),
    "500_after": Fault("answer", True, 500, "InternalError", "InternalServiceException"),
    "502_html": Fault("garble", False, 502),
    "503_slow_down": Fault("answer", False, 503, "SlowDown", "ThrottlingException"),
    "429": Fault("answer", False, 429, "TooManyRequestsException", headers=(("Retry-After", "0"),)),
    "throttling": Fault("answer", False, 400, "Throttling", "ThrottlingException"),
    "200_error": Fault("answer", False, 200, "InternalError", "InternalServiceException"),
    "200_garbage": Fault("garble", True, 200),        # done, but the body is not what it should be
    "412": Fault("answer", False, 412, "PreconditionFailed"),
    "409_conflict": Fault("answer", False, 409, "ConditionalRequestConflict", "ConcurrentModificationException"),
    "expired": Fault("answer", False, 400, "ExpiredToken", "ExpiredTokenException"),
    "denied": Fault("answer", False, 403, "AccessDenied", "AccessDeniedException"),
    "skewed": Fault("answer", False, 403, "RequestTimeTooSkewed", "InvalidSignatureException",
                    "Signature expired: 20200101T000000Z is now earlier than 20260101T000000Z"),
}
# Those after which the same call may be sent again: a client must get over one of them.
TRANSIENT = ("refuse", "reset_before", "reset_after", "stall_before", "stall_after", "truncate", "500", "500_after",
             "502_html", "503_slow_down", "429", "throttling", "409_conflict")


@dataclasses.dataclass
class Call:
    service: str
    operation: str
    method: str
    path: str
    query: str
    target: str
    request_bytes: int
    status: int = 0     # what the client got; 0: no answer
    fault: str = ""     # what was done to it
    access_key: str = ""   # that signed it
    answer_bytes: int = 0  # of the answer's body
    began_s: float = 0.0   # on the monotonic clock
    ended_s: float = 0.0   # when it was answered
    headers: dict = dataclasses.field(default_factory=dict)  # of the request, names in lower case

    def __str__(self):
        return f"{self.operation} {self.method} {self.path}?{self.query} -> {self.fault or self.status}"


class Rule:
    def __init__(self, name, fault, operation, method, path, query, nth, times):
        self.name, self.fault = name, fault
        self.operation, self.method = re.compile(operation), method
        self.path, self.query = re.compile(path or ""), re.compile(query or "")
        self.nth, self.times = nth, times
        self.seen = 0
        self.fired = 0

    def matches(self, call):
        return (self.operation.fullmatch(call.operation) and self.method in (None, call.method)
                and self.path.search(call.path) and self.query.search(call.query))

    def take(self, call):
        """Whether this call is one of the rule's; counts it."""
        if not self.matches(call):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.seen >= self.nth + self.times):
            return False
        self.fired += 1
        return True


class Held(Rule):
    """A rule that holds its calls until released."""

    def __init__(self, after, **matching):
        super().__init__("held", None, times=1, **matching)
        self.after = after
        self.arrived, self.released = threading.Event(), threading.Event()

    def wait(self, timeout=WAIT_S):
        """Until a call is held."""
        assert self.arrived.wait(timeout), f"no call of {self.operation.pattern} came"

    def release(self):
        self.released.set()


class Listener:
    """A port that passes on to one server."""

    def __init__(self, proxy, service, url):
        self.proxy, self.service = proxy, service
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.path not in ("", "/"):
            raise ValueError(f"{url}: the proxy passes on to http://host:port only")
        self.server = (parts.hostname, parts.port or 80)
        self.socket, self.port = bind()
        self.socket.listen(128)
        self.open = threading.Event()
        self.open.set()
        self.closed = False
        self.connections = set()
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.closed:
            try:
                client, _ = self.socket.accept()
            except OSError:  # shut down: see refuse
                self.open.wait()
                continue
            with self.lock:
                self.connections.add(client)
            threading.Thread(target=self.proxy.serve, args=(self, client), daemon=True).start()

    def refuse(self):
        """Linux keeps the port of a listening socket that is shut down, and listens again when asked;
        but only of a port that was asked for by its number."""
        with self.lock:
            if self.open.is_set():
                self.open.clear()
                self.socket.shutdown(socket.SHUT_RDWR)
            for connection in self.connections:
                reset(connection)
            self.connections.clear()

    def listen(self):
        with self.lock:
            if not self.open.is_set() and not self.closed:
                self.socket.listen(128)
                self.open.set()

    def forget(self, client):
        with self.lock:
            self.connections.discard(client)
        client.close()

    def close(self):
        self.closed = True
        self.refuse()
        self.open.set()
        self.socket.close()


class FaultProxy:
    def __init__(self, servers, env=None):
        """servers: service -> URL; env: for tailrace, whose AWS_ENDPOINT_URL_<SERVICE> are replaced."""
        self.lock = threading.Lock()
        self.calls, self.rules = [], []
        self.delay_s = 0.0
        self.closing = threading.Event()
        self.listeners = {service: Listener(self, service, url) for service, url in servers.items()}
        self.base_env = env or {}

    @classmethod
    def of_aws(cls, aws):
        prefix = "AWS_ENDPOINT_URL_"
        servers = {key.removeprefix(prefix).lower().replace("_", ""): url
                   for key, url in aws.env.items() if key.startswith(prefix)}
        return cls(servers, aws.env)

    @property
    def env(self):
        env = dict(self.base_env)
        for key in env:
            if key.startswith("AWS_ENDPOINT_URL_"):
                env[key] = self.endpoint(key.removeprefix("AWS_ENDPOINT_URL_").lower().replace("_", ""))
        return env

    def endpoint(self, service):
        return f"http://127.0.0.1:{self.listeners[service].port}"

    # --- rules and what came -----------------------------------------------------------------

    def fail(self, fault, operation=".*", *, method=None, path=None, query=None, nth=1, times=1):
        name, fault = (fault, FAULTS[fault]) if isinstance(fault, str) else (fault.kind, fault)
        rule = Rule(name, fault, operation, method, path, query, nth, times)
        with self.lock:
            self.rules.append(rule)
        return rule

    def hold(self, operation, *, method=None, path=None, query=None, nth=1, after=False):
        rule = Held(after, operation=operation, method=method, path=path, query=query, nth=nth)
        with self.lock:
            self.rules.append(rule)
        return rule

    @contextlib.contextmanager
    def down(self, service):
        self.listeners[service].refuse()
        try:
            yield
        finally:
            self.listeners[service].listen()

    def clear(self):
        with self.lock:
            for rule in self.rules:
                if isinstance(rule, Held):
                    rule.release()
            self.rules.clear()
            self.calls.clear()

    def find(self, operation=".*", path=""):
        with self.lock:
            return [call for call in self.calls
                    if re.fullmatch(operation, call.operation) and re.search(path, call.path)]

    def count(self, operation=".*", path=""):
        return len(self.find(operation, path))

    def operations(self):
        return list(dict.fromkeys(call.operation for call in self.find()))

    def close(self):
        self.clear()
        self.closing.set()
        for listener in self.listeners.values():
            listener.close()

    # --- the calls ---------------------------------------------------------------------------

    def serve(self, listener, client):
        try:
            client.settimeout(WAIT_S)
            reader = client.makefile("rb")
            while self.serve_call(listener, client, reader):
                pass
        except (OSError, ValueError):
            pass  # the client's end, or the proxy's
        finally:
            listener.forget(client)

    def serve_call(self, listener, client, reader):
        """One call; whether the connection goes on."""
        request = Message.read(reader, client)
        if request is None:
            return False
        call = call_of(listener.service, request)
        call.began_s = time.monotonic()
        with self.lock:
            self.calls.append(call)
            taken = [rule for rule in self.rules if rule.take(call)]
        self.closing.wait(self.delay_s)
        for held in (rule for rule in taken if isinstance(rule, Held)):
            call.fault = "held"
            if not held.after:
                held.arrived.set()
                held.released.wait(WAIT_S)
        rule = next((rule for rule in taken if rule.fault), None)
        answer = None
        if rule is None or rule.fault.handled:
            answer = self.ask(listener.server, request)
        for held in (rule for rule in taken if isinstance(rule, Held) and rule.after):
            held.arrived.set()
            held.released.wait(WAIT_S)
        if rule:
            call.fault = rule.name
            return self.break_call(listener, client, call, rule.fault, answer)
        if answer is None:  # the server is gone: so is its answer
            reset(client)
            return False
        call.status, call.answer_bytes = answer.status, len(answer.body)
        call.ended_s = time.monotonic()
        client.sendall(answer.raw)
        return not answer.closes

    def ask(self, server, request):
        """The server's whole answer, or None where it gave none."""
        try:
            with socket.create_connection(server, timeout=WAIT_S) as connection:
                connection.sendall(request.raw)
                answer = Message.read(connection.makefile("rb"), None, request.method)
                while answer and answer.status == 100:
                    answer = Message.read(connection.makefile("rb"), None, request.method)
                return answer
        except OSError:
            return None

    def break_call(self, listener, client, call, fault, answer):
        if fault.kind == "answer" or fault.kind == "garble":
            body, kind = error_body(call, fault) if fault.kind == "answer" else garbage(fault)
            call.status = fault.status
            headers = [("Content-Type", kind), ("Content-Length", len(body)), *fault.headers]
            head = f"HTTP/1.1 {fault.status} Fault\r\n" + "".join(f"{key}: {value}\r\n" for key, value in headers)
            client.sendall(head.encode() + b"\r\n" + (b"" if call.method == "HEAD" else body))
            return True
        if fault.kind == "truncate" and answer:
            body = len(answer.raw) - answer.head_bytes
            client.sendall(answer.raw[:answer.head_bytes + body // 2 if body > 1 else answer.head_bytes // 2])
            return False
        if fault.kind == "stall":
            client.settimeout(0.1)
            while not self.closing.is_set():
                try:
                    if client.recv(1) == b"":
                        return False
                except TimeoutError:
                    pass
            return False
        if fault.kind == "refuse":
            listener.refuse()
            threading.Timer(fault.seconds, listener.listen).start()
            return False
        reset(client)
        return False


def bind():
    """A socket bound to a free port by its number."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        bound = socket.socket()
        # Its connections keep the port, too, when it is to listen again.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
            return bound, port
        except OSError:  # somebody was faster
            bound.close()


def reset(connection):
    """An RST instead of a FIN."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # makefile() holds the descriptor: the thread that reads must let go of it, too.
        connection.shutdown(socket.SHUT_RD)
        socket.socket(fileno=connection.detach()).close()


class Message:
    """A request or an answer, as it came."""

    def __init__(self, first, headers, raw, head_bytes):
        self.first, self.headers, self.raw, self.head_bytes = first, headers, raw, head_bytes
        self.method, self.url = first[0], first[1]

    @property
    def status(self):
        return int(self.first[1])

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close" or self.first[0] == "HTTP/1.0"

    @property
    def body(self):
        return self.raw[self.head_bytes:]

    @classmethod
    def read(cls, reader, client=None, method=None):
        """A request of client, or the answer to a request of method; None at the connection's end."""
        line = reader.readline(65536)
        if not line:
            return None
        lines, headers = [line], {}
        while True:
            line = reader.readline(65536)
            if not line:
                return None
            if line in (b"\r\n", b"\n"):
                break
            key, _, value = line.decode("latin-1").partition(":")
            if client and key.lower() == "expect":
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                continue  # answered here
            headers[key.lower()] = value.strip()
            lines.append(line)
        head = b"".join(lines) + b"\r\n"
        message = cls(lines[0].decode("latin-1").split(), headers, head, len(head))
        bodiless = method == "HEAD" or (method and message.status in (100, 204, 304))
        if not bodiless:
            message.raw += read_body(reader, headers, is_answer=bool(method))
        return message


def read_body(reader, headers, is_answer):
    if "chunked" in headers.get("transfer-encoding", "").lower():
        parts = []
        while True:
            size = reader.readline(1024)
            length = int(size.split(b";")[0], 16)
            parts += [size, exactly(reader, length + 2)] if length else [size]
            if not length:
                while (line := reader.readline(65536)) not in (b"\r\n", b"\n"):
                    parts.append(line)
                return b"".join([*parts, b"\r\n"])
    if "content-length" in headers:
        return exactly(reader, int(headers["content-length"]))
    return reader.read() if is_answer else b""


def exactly(reader, length):
    if length > BODY_MAX:
        raise ValueError(f"a body of {length} bytes")
    data = reader.read(length)
    if len(data) < length:
        raise ConnectionError("the connection ended within a message")
    return data


def call_of(service, request):
    parts = urlsplit(request.url)
    path, query = unquote(parts.path), parts.query
    target = request.headers.get("x-amz-target", "")
    signed = re.search("Credential=([^/]+)/", request.headers.get("authorization", ""))
    return Call(service, f"{service}:{operation_of(service, request, path, query, target)}", request.method, path,
                query, target, len(request.body), access_key=signed[1] if signed else "", headers=request.headers)


def operation_of(service, request, path, query, target):
    if target:
        return target.rpartition(".")[2]
    names = dict(parse_qsl(query, keep_blank_values=True))
    if service == "s3":
        if path == "/":
            return "ListBuckets"
        known = S3_OBJECT if path.strip("/").count("/") else S3_BUCKET
        for (method, name), operation in known.items():
            if method == request.method and (not name or name in names):
                return operation
    action = names.get("Action") or dict(parse_qsl(request.body.decode("latin-1"))).get("Action")
    return action or f"{request.method} {path}"


def error_body(call, fault):
    """The error as the call's service would write it, and its content type."""
    if call.target or call.service in ("glue", "athena", "secretsmanager"):
        code = fault.code_json or fault.code
        return json.dumps({"__type": code, "message": fault.message}).encode(), "application/x-amz-json-1.1"
    if call.service in ("sts", "iam"):
        return (f"<ErrorResponse><Error><Type>Sender</Type><Code>{fault.code}</Code><Message>{fault.message}"
                "</Message></Error><RequestId>fault</RequestId></ErrorResponse>").encode(), "text/xml"
    if call.service == "s3":
        return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{fault.code}</Code><Message>{fault.message}'
                f"</Message><Resource>{call.path}</Resource><RequestId>fault</RequestId></Error>").encode(), \
            "application/xml"
    return f"{fault.code}: {fault.message}".encode(), "text/plain"


def garbage(fault):
    return f"<html><body><h1>{fault.status} from something between</h1>".encode(), "text/html"
