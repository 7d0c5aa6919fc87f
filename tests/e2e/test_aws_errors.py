"""What a user is told when AWS refuses: message, hint and exit code of the binary, and nothing published."""
import json
import signal
from email.utils import formatdate

import pytest

from copy_to_s3 import configure, fill
from fault_proxy import Fault
from project import report
from standins import boto3_client


@pytest.fixture
def copy(project, db, aws):
    fill(db)
    configure(project, aws)
    return project


def fails(project, aws, code, *said, command=("run",), **env):
    done = project.run(*command, env={**aws.env, **env})
    assert done.returncode == code, report(command, done)
    for text in (*said, "hint: "):
        assert text in done.stderr, report(command, done)
    for secret in (aws.env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SECRET_ACCESS_KEY"), env.get("AWS_SESSION_TOKEN")):
        assert not secret or secret not in done.stderr + done.stdout
    assert not [key for key in aws.keys() if "/manifests/" in key], "something was published"
    return done.stderr


def test_it_works_with_the_right_keys(copy, aws):
    copy.run("run", env=aws.env, check=0)
    assert [key for key in aws.keys() if "/manifests/" in key]


def test_a_wrong_secret_is_said(copy, aws):
    fails(copy, aws, 2, "SignatureDoesNotMatch", "the secret key does not fit it", "s3://" + aws.bucket,
          AWS_SECRET_ACCESS_KEY="wrong-secret-key-of-somebody")


def test_an_unknown_key_is_said(copy, aws):
    fails(copy, aws, 2, "does not know this access key", AWS_ACCESS_KEY_ID="AKIANOBODYKNOWSTHIS0")


def test_no_credentials_at_all_is_said(copy, aws):
    fails(copy, aws, 2, "credentials", AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)


def test_a_missing_bucket_is_said(copy, aws):
    configure(copy, aws, {"location": "s3://tailrace-no-such-bucket/x"})
    fails(copy, aws, 2, "NoSuchBucket", "create the bucket (tailrace makes none) or correct lake.location")


def test_a_wrong_region_is_said_with_the_right_one(copy, aws):
    fails(copy, aws, 2, "AuthorizationHeaderMalformed",
          "it is in region us-east-1, not eu-west-1: set the region (aws.region or AWS_REGION) to us-east-1",
          AWS_REGION="eu-west-1")


def test_an_unreachable_server_can_be_tried_again(copy, aws):
    fails(copy, aws, 3, "could not reach 127.0.0.1:1", "Connection refused", "2 attempts",
          AWS_ENDPOINT_URL_S3="http://127.0.0.1:1")


def test_an_endpoint_without_a_scheme_is_said(copy, aws):
    fails(copy, aws, 2, "is no endpoint for s3", AWS_ENDPOINT_URL_S3="localhost:9000")


def test_expired_keys_are_said(copy, aws, fault_proxy):
    proxy = fault_proxy(aws)
    proxy.fail("expired", "s3:.*", times=None)
    fails(copy, aws, 2, "ExpiredToken", "get new credentials (`aws sso login`", AWS_SESSION_TOKEN=None, **proxy.env)


def test_a_clock_that_is_off_is_corrected_or_said(copy, aws, fault_proxy):
    proxy = fault_proxy(aws)
    skewed = Fault("answer", False, 403, "RequestTimeTooSkewed", headers=(("Date", formatdate(usegmt=True)),))
    rule = proxy.fail(skewed, "s3:.*", times=None)
    fails(copy, aws, 2, "RequestTimeTooSkewed", "clock", **proxy.env)
    assert rule.fired == 2
    proxy.clear()
    proxy.fail(skewed, "s3:.*")
    copy.run("run", env=proxy.env, check=0)


def test_s3_access_denied_names_the_action(copy, aws, fault_proxy):
    proxy = fault_proxy(aws)
    proxy.fail("denied", "s3:PutObject", times=None)
    fails(copy, aws, 2, "AccessDenied", f"allow s3:PutObject on {aws.location}", "`tailrace policy`", **proxy.env)


def test_glue_access_denied_names_the_action(copy, aws):
    """A user of MiniStack who may do nothing but its S3."""
    server = aws.glue_server
    iam = boto3_client("iam", server["endpoint"], "test", "test")
    user = f"reader-{aws.database}"
    iam.create_user(UserName=user)
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    iam.put_user_policy(UserName=user, PolicyName="s3", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [allowed]}))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    s3 = boto3_client("s3", server["endpoint"], server["access_key"], server["secret_key"])
    s3.create_bucket(Bucket=aws.bucket)
    fails(copy, aws, 2, "AccessDenied", f"allow glue:GetTable on {aws.database}.t", "`tailrace policy`",
          AWS_ENDPOINT_URL_S3=server["endpoint"], AWS_ACCESS_KEY_ID=key["AccessKeyId"],
          AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])


def test_throttling_that_does_not_end_can_be_tried_again(copy, aws, fault_proxy):
    proxy = fault_proxy(aws)
    proxy.fail("503_slow_down", "s3:PutObject", times=None)
    fails(copy, aws, 3, "SlowDown", "the service asks for fewer requests", "2 attempts", **proxy.env)


@pytest.mark.parametrize("operation", ["s3:ListObjectsV2", "s3:PutObject", "glue:GetTable"])
def test_an_interrupt_ends_a_call_that_stalls(copy, aws, fault_proxy, operation):
    configure(copy, aws, stall_timeout="10min")
    proxy = fault_proxy(aws)
    held = proxy.hold(operation)
    process = copy.spawn("run", env=proxy.env)
    held.wait()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    held.release()
    assert not [key for key in aws.keys() if "/manifests/" in key]
    copy.run("run", env=aws.env, check=0)
