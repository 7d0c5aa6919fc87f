"""What `check` says of AWS: which credentials, and each permission, tried without a trace."""
import json
import re

import pytest

DENIED = {  # the call that is refused -> the permission that is named
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:GetObject": "s3:GetObject",
    "s3:PutObject": "s3:PutObject",
    "s3:DeleteObject": "s3:DeleteObject",
    "s3:AbortMultipartUpload": "s3:AbortMultipartUpload",
    "glue:GetTable": "glue:GetTable",
}


@pytest.fixture
def shop(project, db, aws):
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    project.config({"lake": {"location": aws.location, "catalog": "glue", "database": aws.database},
                    "datasets": {"a": {"inputs": {"t": "t"}}}})
    return project


def permissions(text):
    return dict(re.findall(r"^  permission   (\S+) +(given|denied|not tried)", text, re.M))


def test_every_permission_is_tried_and_nothing_is_left(shop, any_aws):
    aws = any_aws
    shop.config({"lake": {"location": aws.location, "catalog": "glue", "database": aws.database},
                 "datasets": {"a": {"inputs": {"t": "t"}}}})
    done = shop.run("check", env=aws.env, check=0)
    assert f"AWS: {aws.location}, region {aws.region}\n" in done.stdout
    assert "  credentials  the environment (AWS_ACCESS_KEY_ID)\n" in done.stdout
    said = permissions(done.stdout)
    assert said == {**{permission: "given" for permission in DENIED.values()},
                    "glue:CreateTable": "not tried", "glue:UpdateTable": "not tried",
                    "glue:CreateDatabase": "not tried"}
    assert set(said) == {a for s in json.loads(shop.run("policy", check=0).stdout)["Statement"] for a in s["Action"]}
    assert aws.keys() == [] and aws.unfinished_uploads() == []
    assert "can't be tried without a change" in done.stdout
    assert aws.env["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr


@pytest.mark.parametrize("call", DENIED)
def test_a_missing_permission_is_named(shop, aws, fault_proxy, call):
    proxy = fault_proxy(aws)
    proxy.fail("denied", call, times=None)
    done = shop.run("check", env=proxy.env, check=2)
    said = permissions(done.stdout)
    assert said[DENIED[call]] == "denied"
    assert [p for p, state in said.items() if state == "denied"] == [DENIED[call]]
    assert f"allow {DENIED[call]} on " in done.stderr
    assert aws.keys() == []
    as_json = json.loads(shop.run("check", "--json", env=proxy.env, check=2).stdout)["aws"]
    assert {p["action"] for p in as_json["permissions"] if p["state"] == "denied"} == {DENIED[call]}


def test_tags_and_keys_go_with_the_put(shop, aws):
    shop.config({"lake": {"location": aws.location}, "s3": {"tags": {"team": "data"}},
                 "datasets": {"a": {"inputs": {"t": "t"}}}})
    said = permissions(shop.run("check", env=aws.env, check=0).stdout)
    assert said["s3:PutObjectTagging"] == "given" and not [p for p in said if p.startswith("glue:")]


def test_offline_looks_at_nothing(shop, aws):
    dead = {**aws.env, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_GLUE": "http://127.0.0.1:1"}
    done = shop.run("check", "--offline", env=dead, check=0)
    assert "permission" not in done.stdout
    assert json.loads(shop.run("check", "--offline", "--json", env=dead, check=0).stdout)["aws"] is None
    shop.run("check", env=dead, check=3)


def test_what_was_tried_is_told_in_order(shop, aws):
    keys = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    done = shop.run("check", env={**aws.env, **keys}, check=2)
    sources = ["environment: AWS_ACCESS_KEY_ID is not set", "assumed role: profile default has no role_arn",
               "web identity:", "SSO:", "credentials file:", "credential_process:", "config file:", "container:",
               "instance metadata: AWS_EC2_METADATA_DISABLED is true"]
    for text in (done.stdout, done.stderr):
        positions = [text.index(source) for source in sources]
        assert positions == sorted(positions)
    assert "no AWS credentials were found" in done.stderr
    # A profile that the configuration names skips the environment.
    folder = shop.home / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        f"[etl]\naws_access_key_id = {aws.env['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {aws.env['AWS_SECRET_ACCESS_KEY']}\n")
    shop.config({"lake": {"location": aws.location}, "aws": {"profile": "etl"},
                 "datasets": {"a": {"inputs": {"t": "t"}}}})
    wrong = {"AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": "hunter2-wrong"}
    done = shop.run("check", env={**aws.env, **wrong}, check=0)
    assert "  tried        environment: skipped: the configuration names profile etl\n" in done.stdout
    assert f"  credentials  profile etl of {folder}/credentials\n" in done.stdout


# ---- credentials that MiniStack makes: STS and the machine's services ----

def role(aws, name, trust):
    iam = aws.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **trust}]}))
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(everything))
    return iam.get_role(RoleName=name)["Role"]["Arn"]


def profile(shop, aws, arn, more=""):
    folder = shop.home / ".aws"
    folder.mkdir(exist_ok=True)
    (folder / "config").write_text(
        f"[profile base]\naws_access_key_id = {aws.env['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {aws.env['AWS_SECRET_ACCESS_KEY']}\n"
        f"[profile etl]\nrole_arn = {arn}\nsource_profile = base\n{more}")


def test_a_role_is_assumed_by_its_profile_and_used(shop, aws_ministack):
    aws = aws_ministack
    anyone = {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"sts:ExternalId": "shop-7"}}}
    arn = role(aws, f"etl-{aws.bucket}", anyone)
    shop.config({"lake": {"location": aws.location, "catalog": "glue", "database": aws.database},
                 "aws": {"profile": "etl"}, "datasets": {"a": {"inputs": {"t": "t"}}}})
    profile(shop, aws, arn, "external_id = shop-7\n")
    done = shop.run("check", env=aws.env, check=0)
    assert f"  credentials  profile etl: role {arn} by source_profile base\n" in done.stdout
    shop.run("run", env=aws.env, check=0)
    assert aws.glue.get_table(DatabaseName=aws.database, Name="a")
    # Without the external id the role's trust does not hold.
    profile(shop, aws, arn)
    done = shop.run("check", env=aws.env, check=2)
    assert f"sts:AssumeRole of {arn} failed: AccessDenied" in done.stderr
    assert aws.env["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr


def test_an_instances_role_is_asked_by_version_2(shop, aws_ministack):
    aws = aws_ministack
    env = {**aws.env, "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": None,
           "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.env["AWS_ENDPOINT_URL_GLUE"]}
    shop.config({"lake": {"location": aws.location}, "datasets": {"a": {"inputs": {"t": "t"}}}})
    for _ in range(5):  # a second is all that tailrace gives an instance's service, and all workers ask this server
        done = shop.run("check", env=env)
        if "no answer from " not in done.stderr:
            break
    # MiniStack hands keys out only for a token of version 2, and does not know them itself.
    assert re.search(r"^  credentials  the instance's role \S+ \(IMDSv2\)$", done.stdout, re.M), done.stderr
    assert done.returncode == 2 and "no AWS credentials" not in done.stderr


def test_a_version_without_partitions_says_nothing_of_them(shop, aws):
    shop.run("run", check=0, env=aws.env)
    config = json.loads((shop.folder / "tailrace.yaml").read_text())
    config["datasets"]["a"] |= {"columns": {"id": {"type": "int", "not_null": True}, "more": {
        "type": "int", "from": "id"}}, "partition_by": ["id"], "partitions": "registered"}
    shop.config(config)
    done = shop.run("check", env=aws.env, check=0)
    assert "Glue shows version 1\n" in done.stdout
