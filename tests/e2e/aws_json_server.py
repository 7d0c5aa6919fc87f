"""An HTTP server of AWS's JSON 1.1 protocol that verifies signatures; fakes of services derive from it.

    class FakeThing(JsonService):
        service, target, signing_name = "thing", "AWSThing", "thing"
        def op_GetThing(self, request): return {"Thing": request["Name"]}      # or raise ServiceError(...)

A request is checked as AWS does, and in this order: signature (by botocore's own signer, against
`keys`: access key -> Key), its age, scope, token; then its members, against the service model that
botocore carries. Operations run one at a time. Test controls:

    fake.throttle("GetThing", times=2)                     # ThrottlingException
    fake.fail("GetThing", "AccessDeniedException", "no", nth=2, times=None)
    fake.calls                                             # [("GetThing", {...}), ...] that were let through
    fake.keys["AKIA..."] = Key("secret", token="...", expired=True)
"""
import datetime
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore import loaders, model, validate
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

SKEW = datetime.timedelta(minutes=5)


class ServiceError(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.status = code, status


class Key:
    def __init__(self, secret, token=None, expired=False):
        self.secret, self.token, self.expired = secret, token, expired


class Verifier(SigV4Auth):
    """Signs the request that was received, over the headers that its sender says it signed."""

    def __init__(self, credentials, service, region, signed):
        super().__init__(credentials, service, region)
        self.signed = signed

    def headers_to_sign(self, request):
        headers = HTTPHeaders()
        for name in self.signed:
            headers[name] = request.headers.get(name, "")
        return headers


def verify(request, keys, service, region):
    """request: an AWSRequest as received. Raises ServiceError as AWS answers."""
    authorization = request.headers.get("Authorization", "")
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    scope = parts.get("Credential", "").split("/")
    if scheme != "AWS4-HMAC-SHA256" or len(scope) != 5:
        if not authorization:
            raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
        raise ServiceError("IncompleteSignatureException", f"'{authorization}' is not a valid Authorization header")
    access_key, day, signed_region, signed_service, _ = scope
    key = keys.get(access_key)
    if key is None:
        raise ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if (key.token or "") != request.headers.get("X-Amz-Security-Token", ""):
        raise ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if key.expired:
        raise ServiceError("ExpiredTokenException", "The security token included in the request is expired")
    signed = parts.get("SignedHeaders", "").split(";")
    must = {"host", "x-amz-date"} | {name.lower() for name in request.headers.keys()
                                     if name.lower() in ("x-amz-security-token", "x-amz-target")}
    if not must <= set(signed):
        raise ServiceError("InvalidSignatureException",
                           f"{', '.join(sorted(must - set(signed)))} must be among SignedHeaders")
    if (signed_region, signed_service) != (region, service):
        raise ServiceError("InvalidSignatureException",
                           f"Credential should be scoped to a valid region, '{region}', and to service '{service}'.")
    date = request.headers.get("X-Amz-Date", "")
    try:
        sent = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        raise ServiceError("IncompleteSignatureException", f"Date must be in ISO-8601 'basic format'. Got '{date}'.")
    now = datetime.datetime.now(datetime.timezone.utc)
    if abs(now - sent) > SKEW or day != date[:8]:
        raise ServiceError("InvalidSignatureException",
                           f"Signature expired: {date} is now earlier than {(now - SKEW):%Y%m%dT%H%M%SZ}")
    verifier = Verifier(Credentials(access_key, key.secret), service, region, signed)
    body_hash = verifier.payload(request)
    if request.headers.get("X-Amz-Content-SHA256", body_hash) != body_hash:
        raise ServiceError("InvalidSignatureException", "The body does not have the hash that was signed")
    request.context["timestamp"] = date
    expected = verifier.signature(verifier.string_to_sign(request, verifier.canonical_request(request)), request)
    if expected != parts.get("Signature"):
        raise ServiceError("InvalidSignatureException",
                           "The request signature we calculated does not match the signature you provided. Check your "
                           "AWS Secret Access Key and signing method. Consult the service documentation for details.")


class JsonService:
    service = None          # botocore's name of the model
    signing_name = None
    target = None           # X-Amz-Target's part before the dot
    validate_requests = True

    def __init__(self, keys, region="us-east-1", port=0):
        self.keys, self.region = keys, region
        self.calls, self.faults = [], []
        self.lock = threading.RLock()
        self.model = model.ServiceModel(loaders.Loader().load_service_model(self.service, "service-2"))
        handler = type("Handler", (Handler,), {"fake": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.http.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    # --- controls --------------------------------------------------------------------------

    def fail(self, operation, code, message="made to fail", status=400, nth=1, times=1):
        """The nth and the following calls of the operation fail; times=None: all of them."""
        with self.lock:
            self.faults.append({"operation": operation, "error": (code, message, status), "skip": nth - 1,
                                "left": times})

    def throttle(self, operation, times=1):
        self.fail(operation, "ThrottlingException", "Rate exceeded", times=times)

    def called(self, operation):
        """The requests of an operation, in order."""
        with self.lock:
            return [request for name, request in self.calls if name == operation]

    # --- one request -----------------------------------------------------------------------

    def answer(self, request):
        """(status, JSON) of an AWSRequest."""
        try:
            verify(request, self.keys, self.signing_name, self.region)
            target, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
            method = getattr(self, f"op_{operation}", None)
            if target != self.target or method is None:
                raise ServiceError("UnknownOperationException", f"no operation {target}.{operation} in this fake")
            try:
                members = json.loads(request.data or b"{}")
            except ValueError as e:
                raise ServiceError("SerializationException", str(e))
            self.validate(operation, members)
            with self.lock:
                self.calls.append((operation, members))
                self.raise_fault(operation)
                return 200, method(members)
        except ServiceError as e:
            return e.status, {"__type": e.code, "Message": str(e)}

    def validate(self, operation, members):
        if self.validate_requests:
            report = validate.ParamValidator().validate(members, self.model.operation_model(operation).input_shape)
            if report.has_errors():
                raise ServiceError("ValidationException", report.generate_report())

    def raise_fault(self, operation):
        for fault in self.faults:
            if fault["operation"] != operation or fault["left"] == 0:
                continue
            if fault["skip"]:
                fault["skip"] -= 1
                continue
            if fault["left"] is not None:
                fault["left"] -= 1
            code, message, status = fault["error"]
            raise ServiceError(code, message, status)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = f"{self.fake.endpoint}{self.path}"
        status, said = self.fake.answer(AWSRequest("POST", url, dict(self.headers.items()), body))
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass
