"""The fault proxy: what passes is unchanged, what is to fail fails so, and the server sees what it should."""
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from fault_proxy import FAULTS, Fault
from polling import wait_for
from standins import boto3_client


class Server:
    """Answers every request with what it got; counts them."""

    def __init__(self):
        seen = self.seen = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append((self.command, self.path, self.headers["Host"], body))
                said = json.dumps({"path": self.path, "body": body.decode()}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(said)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def proxy(server, fault_proxy):
    return fault_proxy({"s3": server.url, "glue": server.url})


@pytest.fixture
def client(proxy):
    return http.client.HTTPConnection("127.0.0.1", urlsplit(proxy.endpoint("s3")).port, timeout=10)


def ask(client, method="GET", path="/bucket/key", body=None, headers=None):
    client.request(method, path, body=body, headers=headers or {})
    answer = client.getresponse()
    return answer.status, answer.read()


def test_what_passes_is_unchanged_and_logged_on_one_connection(server, proxy, client):
    for body in (b"one", b"two"):
        status, said = ask(client, "PUT", "/bucket/a%20b?partNumber=1&uploadId=x", body)
        assert (status, json.loads(said)["body"]) == (200, body.decode())
    assert ask(client, "HEAD") == (200, b"")
    host = f"127.0.0.1:{client.port}"
    assert server.seen[0] == ("PUT", "/bucket/a%20b?partNumber=1&uploadId=x", host, b"one")
    assert proxy.operations() == ["s3:UploadPart", "s3:HeadObject"]
    assert [(call.path, call.status, call.fault) for call in proxy.find("s3:UploadPart")] == [
        ("/bucket/a b", 200, "")] * 2


def test_a_chunked_request_passes(server, client):
    client.request("PUT", "/bucket/key", body=iter([b"one", b"two"]), encode_chunked=True,
                   headers={"Transfer-Encoding": "chunked"})
    assert client.getresponse().status == 200
    assert server.seen[0][0] == "PUT"


@pytest.mark.parametrize("name, handled", [("reset_before", False), ("reset_after", True)])
def test_a_reset_loses_the_call_or_only_its_reply(server, proxy, client, name, handled):
    rule = proxy.fail(name, "s3:GetObject", path="key$")
    with pytest.raises(ConnectionError):
        ask(client)
    assert (rule.fired, len(server.seen)) == (1, 1 if handled else 0)
    client.close()
    assert ask(client)[0] == 200


def test_after_a_refusal_nobody_listens_for_a_while_and_then_again(server, proxy, client):
    proxy.fail(Fault("refuse", seconds=30), "s3:.*")
    with pytest.raises(ConnectionError):
        ask(client)
    client.close()
    with pytest.raises(ConnectionRefusedError):
        ask(client)
    proxy.listeners["s3"].listen()
    client.close()
    assert ask(client)[0] == 200
    assert len(server.seen) == 1


def test_a_server_that_is_down_refuses_connections_until_it_is_up(proxy, client):
    with proxy.down("s3"), pytest.raises(ConnectionRefusedError):
        ask(client)
    client.close()
    assert ask(client)[0] == 200


@pytest.mark.parametrize("name, handled", [("stall_before", False), ("stall_after", True)])
def test_a_stall_lasts_until_the_client_gives_up(server, proxy, client, name, handled):
    proxy.fail(name)
    client.timeout = 0.2
    with pytest.raises(TimeoutError):
        ask(client)
    if handled:  # maybe after the client has given up
        wait_for(lambda: server.seen)
    assert len(server.seen) == (1 if handled else 0)


def test_a_truncated_answer_ends_within_its_body(server, proxy, client):
    proxy.fail("truncate")
    with pytest.raises(http.client.IncompleteRead) as e:
        ask(client)
    assert 0 < len(e.value.partial) < e.value.expected + len(e.value.partial)
    assert len(server.seen) == 1


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.kind == "answer"])
def test_an_error_has_the_shape_of_its_service(server, proxy, client, name):
    fault = FAULTS[name]
    proxy.fail(name, times=None)
    status, body = ask(client)
    assert status == fault.status and f"<Code>{fault.code}</Code>".encode() in body
    glue = http.client.HTTPConnection("127.0.0.1", urlsplit(proxy.endpoint("glue")).port, timeout=10)
    status, body = ask(glue, "POST", "/", b"{}", {"X-Amz-Target": "AWSGlue.GetTable"})
    assert status == fault.status and json.loads(body)["__type"] == (fault.code_json or fault.code)
    assert ask(client, "HEAD") == (fault.status, b"")
    assert proxy.operations() == ["s3:GetObject", "glue:GetTable", "s3:HeadObject"]
    assert len(server.seen) == (3 if fault.handled else 0)


def test_only_the_calls_that_are_meant_fail(proxy, client):
    rule = proxy.fail("500", "s3:PutObject", path="b", nth=2, times=2)
    puts = [ask(client, "PUT", path, b"")[0] for path in ("/x/b", "/x/a", "/x/b", "/x/b", "/x/b")]
    assert puts == [200, 200, 500, 500, 200]
    assert (rule.seen, rule.fired) == (4, 2)
    assert ask(client, "GET", "/x/b")[0] == 200


def test_a_held_call_waits_until_it_is_released(server, proxy, client):
    held = proxy.hold("s3:PutObject")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(client, "PUT", "/x/b", b"1")))
    thread.start()
    held.wait()
    assert (server.seen, answers) == ([], [])
    held.release()
    thread.join(30)
    assert answers[0][0] == 200 and len(server.seen) == 1


def test_signatures_hold_through_the_proxy(aws, fault_proxy):
    proxy = fault_proxy(aws)
    key = {"access_key": aws.env["AWS_ACCESS_KEY_ID"], "secret_key": aws.env["AWS_SECRET_ACCESS_KEY"]}
    s3 = boto3_client("s3", proxy.env["AWS_ENDPOINT_URL_S3"], **key)
    s3.put_object(Bucket=aws.bucket, Key="a/b", Body=b"x" * 100000)
    assert s3.get_object(Bucket=aws.bucket, Key="a/b")["Body"].read() == b"x" * 100000
    boto3_client("glue", proxy.env["AWS_ENDPOINT_URL_GLUE"], **key).get_databases()
    boto3_client("sts", proxy.env["AWS_ENDPOINT_URL_STS"], **key).get_caller_identity()
    assert proxy.operations() == ["s3:PutObject", "s3:GetObject", "glue:GetDatabases", "sts:GetCallerIdentity"]
    proxy.fail("expired", "glue:.*")
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        boto3_client("glue", proxy.env["AWS_ENDPOINT_URL_GLUE"], **key).get_databases()
