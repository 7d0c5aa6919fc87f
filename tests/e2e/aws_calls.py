"""Calls of tailrace's AWS layer, through the test library."""
import ctypes
import json

LIBC = ctypes.CDLL(None)
LIBC.free.argtypes = [ctypes.c_void_p]


def call(native, name, request):
    """A function that takes JSON and gives JSON; raises native.NativeError."""
    out = ctypes.c_void_p()
    native.call(name, json.dumps(request).encode(), ctypes.byref(out))
    try:
        return json.loads(ctypes.string_at(out))
    finally:
        LIBC.free(out)


def sign(native, **request):
    """The Authorization header and the target of a request, or with `expires` the presigned target."""
    return call(native, "trtest_aws_sign", request)


class Caller:
    """Calls with the keys of an environment."""

    def __init__(self, native, env, region="us-east-1"):
        self.native, self.env, self.region = native, dict(env), region

    def using(self, **env):
        """Another caller whose environment differs; None takes a variable away."""
        merged = {key: value for key, value in {**self.env, **env}.items() if value is not None}
        return Caller(self.native, merged, self.region)

    def send(self, service, endpoint, action, **request):
        return call(self.native, "trtest_aws_send", {
            "env": self.env, "region": self.region, "service": service, "endpoint": endpoint, "action": action,
            "method": "POST", "path": "/", **request})

    def s3(self, endpoint, action, method, path, **request):
        return self.send("s3", endpoint, action, method=method, path=path, s3=True,
                         subject=f"s3:/{path}", **request)

    def json(self, service, endpoint, action, target, body, **request):
        answer = self.send(service, endpoint, action, body=json.dumps(body),
                           headers=[["content-type", "application/x-amz-json-1.1"], ["x-amz-target", target]], **request)
        return json.loads(answer["body"])

    def form(self, service, endpoint, action, body, **request):
        return self.send(service, endpoint, action, body=body,
                         headers=[["content-type", "application/x-www-form-urlencoded"]], **request)["body"]
