"""Signatures: equal to botocore's over random requests, and accepted by two servers that verify
them."""
import datetime
import hashlib
import random
import urllib.parse

import pytest

from aws_calls import Caller, sign
from native import NativeError

KEYS = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
TOKEN = "AQoDYXdzEPT//////////wEXAMPLE+x=="
MOMENT = datetime.datetime(2026, 11, 22, 22, 0, 0, tzinfo=datetime.timezone.utc)
# What keys of objects and values of parameters are made of; botocore leaves `.` and `..` parts to HTTP libraries.
PIECES = ["a", "B", "7", " ", "=", "+", "%", "%20", "&", "?", "#", "ä", "名", "🚰", "~", "-", "_", ".", "*", "'",
          "(", "!", "@", ":", ";", ",", "$", "|", "\\", "\"", "<", "[", "^", "`", "{"]


# --- against botocore ----------------------------------------------------------------------

@pytest.fixture
def botocore_clock(monkeypatch):
    import botocore.auth
    monkeypatch.setattr(botocore.auth, "get_current_datetime",
                        lambda remove_tzinfo=True: MOMENT.replace(tzinfo=None) if remove_tzinfo else MOMENT)


def random_text(r, most=6):
    return "".join(r.choice(PIECES) for _ in range(r.randint(1, most)))


def random_request(r):
    s3 = r.random() < 0.5
    path = "/" + "/".join(random_text(r) for _ in range(r.randint(0, 3)))
    names = {random_text(r, 3) for _ in range(r.randint(0, 4))}
    query = [[name, random_text(r) if r.random() < 0.8 else ""] for name in sorted(names)]
    headers = [[f"x-amz-{n}", random_text(r).encode("ascii", "ignore").decode() or "v"] for n in range(r.randint(0, 3))]
    return {"method": r.choice(["GET", "PUT", "POST", "DELETE"]), "host": r.choice(["h.example", "h.example:8080"]),
            "path": path, "query": query, "headers": headers, "region": "eu-west-1",
            "service": "s3" if s3 else r.choice(["glue", "sts"]), "s3": s3,
            "token": TOKEN if r.random() < 0.5 else None, "time_s": int(MOMENT.timestamp()), **KEYS}


def url_of(request):
    quote = urllib.parse.quote
    query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in request["query"])
    path = quote(request["path"], safe="/-_.~")
    return f"http://{request['host']}{path}" + (f"?{query}" if query else "")


def botocore_signs(request, signer, body, **options):
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    aws_request = AWSRequest(method=request["method"], url=url_of(request), data=body, headers=dict(request["headers"]))
    keys = Credentials(request["access_key"], request["secret_key"], request["token"])
    signer(keys, request["service"], request["region"], **options).add_auth(aws_request)
    return aws_request


def test_headers_are_signed_as_botocore_signs_them(native, botocore_clock):
    from botocore.auth import S3SigV4Auth, SigV4Auth
    r = random.Random(4)
    for _ in range(300):
        request = random_request(r)
        body = random_text(r).encode()
        theirs = botocore_signs(request, S3SigV4Auth if request["s3"] else SigV4Auth, body)
        digest = hashlib.sha256(body).hexdigest()
        # Over http botocore signs the body of S3 too.
        ours = sign(native, payload_hash=digest, **request)
        assert ours["authorization"] == theirs.headers["Authorization"], request
        path, _, query = ours["target"].partition("?")
        assert path == urllib.parse.urlsplit(url_of(request)).path
        assert sorted(urllib.parse.parse_qsl(query, keep_blank_values=True)) == sorted(map(tuple, request["query"]))


def test_urls_are_presigned_as_botocore_presigns_them(native, botocore_clock):
    from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
    r = random.Random(5)
    for _ in range(300):
        request = {**random_request(r), "headers": [], "method": "GET"}
        theirs = botocore_signs(request, S3SigV4QueryAuth if request["s3"] else SigV4QueryAuth, b"", expires=900)
        digest = "UNSIGNED-PAYLOAD" if request["s3"] else hashlib.sha256(b"").hexdigest()
        ours = sign(native, payload_hash=digest, expires=900, **request)["presigned"]
        want = urllib.parse.urlsplit(theirs.url)
        path, _, query = ours.partition("?")
        assert path == want.path
        assert sorted(query.split("&")) == sorted(want.query.split("&")), request


# --- against servers that verify -----------------------------------------------------------

@pytest.fixture
def caller(native, aws):
    return Caller(native, aws.env)


@pytest.mark.parametrize("key", ["plain", "a b", "day=2024-06-17/x", "a+b", "100%", "%20", "ä/名前/🚰", "a&b?c#d",
                                 "quote'\"<>", "(a)!*~-_.", "a;b,c:d@e$f"])
def test_any_key_is_written_and_read_on_a_strict_s3(caller, aws, key):
    endpoint, path = aws.s3_server["endpoint"], f"/{aws.bucket}/{key}"
    caller.s3(endpoint, "s3:PutObject", "PUT", path, body=key)
    assert aws.read(key) == key.encode()
    assert caller.s3(endpoint, "s3:GetObject", "GET", path)["body"] == key
    prefix = key.split("/")[0]
    listed = caller.s3(endpoint, "s3:ListBucket", "GET", f"/{aws.bucket}",
                       query=[["prefix", prefix], ["list-type", "2"], ["delimiter", "/"]])["body"]
    assert "<Prefix>" in listed
    assert caller.s3(endpoint, "s3:DeleteObject", "DELETE", path)["status"] == 204


def test_glue_sts_and_secrets_manager_accept_the_signature(caller, aws):
    endpoint = aws.glue_server["endpoint"]
    assert "DatabaseList" in caller.json("glue", endpoint, "glue:GetDatabases", "AWSGlue.GetDatabases", {})
    assert "<Arn>" in caller.form("sts", endpoint, "sts:GetCallerIdentity", "Action=GetCallerIdentity&Version=2011-06-15")
    secret = caller.json("secretsmanager", endpoint, "secretsmanager:CreateSecret", "secretsmanager.CreateSecret",
                         {"Name": aws.database, "SecretString": "näme 名前", "ClientRequestToken": "0" * 32})
    got = caller.json("secretsmanager", endpoint, "secretsmanager:GetSecretValue", "secretsmanager.GetSecretValue",
                      {"SecretId": secret["ARN"]})
    assert got["SecretString"] == "näme 名前"


@pytest.fixture
def session(aws):
    """Temporary credentials of MiniStack, as variables."""
    keys = aws.client("sts").get_session_token()["Credentials"]
    return {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"]}


def test_a_session_token_is_signed_and_sent(caller, aws, session):
    endpoint = aws.glue_server["endpoint"]
    answer = caller.using(**session).json("glue", endpoint, "glue:GetDatabases", "AWSGlue.GetDatabases", {})
    assert "DatabaseList" in answer
    for wrong in (None, session["AWS_SESSION_TOKEN"][:-1]):
        with pytest.raises(NativeError) as e:
            caller.using(**{**session, "AWS_SESSION_TOKEN": wrong}).json(
                "glue", endpoint, "glue:GetDatabases", "AWSGlue.GetDatabases", {})
        print(e.value, e.value.detail, e.value.hint)
        assert e.value.kind == "user"


def test_a_clock_that_is_off_is_corrected_by_the_servers(caller, aws):
    for off in (-7200, 7200):
        answer = caller.s3(aws.s3_server["endpoint"], "s3:ListBucket", "GET", f"/{aws.bucket}", clock_off_s=off)
        assert answer["status"] == 200 and answer["attempts"] == 2


def glue(caller, aws):
    return caller.json("glue", aws.glue_server["endpoint"], "glue:GetDatabases", "AWSGlue.GetDatabases", {})


def s3(caller, aws):
    return caller.s3(aws.s3_server["endpoint"], "s3:ListBucket", "GET", f"/{aws.bucket}")


WRONG_SECRET = {"AWS_SECRET_ACCESS_KEY": "not-the-secret-of-this-key"}
UNKNOWN_KEY = {"AWS_ACCESS_KEY_ID": "AKIANOBODYKNOWSTHIS0"}


@pytest.mark.parametrize("ask", [s3, glue])
@pytest.mark.parametrize("env, hint", [(WRONG_SECRET, "the secret key does not fit it"),
                                       (UNKNOWN_KEY, "does not know this access key")])
def test_wrong_keys_are_refused_and_named(caller, aws, ask, env, hint):
    with pytest.raises(NativeError) as e:
        ask(caller.using(**env), aws)
    print(e.value, "|", e.value.detail, "|", e.value.hint)
    assert e.value.kind == "user"
    assert hint in e.value.hint
    assert WRONG_SECRET["AWS_SECRET_ACCESS_KEY"] not in str(e.value) + e.value.detail + e.value.hint


def test_a_wrong_region_is_refused_and_named(native, aws):
    with pytest.raises(NativeError) as e:
        s3(Caller(native, aws.env, region="eu-west-1"), aws)
    print(e.value, "|", e.value.detail, "|", e.value.hint)
    assert e.value.kind == "user"
    assert "region us-east-1, not eu-west-1: set the region (aws.region or AWS_REGION) to us-east-1" in e.value.hint
