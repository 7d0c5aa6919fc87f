"""`tailrace policy`: the least that AWS must allow, held against the calls that are made."""
import fnmatch
import json
import re
import shutil
import subprocess

import pytest


# The permission that a call of the API needs, where it is not of the call's own name.
PERMISSIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:HeadObject": "s3:GetObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
}
# Asked for with a header of a PutObject; and what no call of a test shows: abort needs a failure.
BY_HEADER = {"s3:PutObjectTagging"}

CONFIG = {
    "source": {"url": "postgres://etl@db/shop?sslmode=verify-full", "iam_auth": True},
    "lake": {"location": "s3://acme-lake/prod", "catalog": "glue", "database": "shop"},
    "aws": {"region": "eu-west-1"},
    "s3": {"encryption": "aws:kms", "kms_key": "1234abcd-12ab-34cd-56ef-1234567890ab", "tags": {"team": "data"},
           "expected_bucket_owner": "123456789012"},
    "engine": "athena",
    "athena": {"workgroup": "reports"},
    "datasets": {
        "orders": {"inputs": {"t": "public.orders"}, "partition_by": ["country"],
                   "columns": {"id": "int", "country": {"type": "string", "not_null": True}}},
        "users": {"inputs": {"t": "public.users"}},
    },
}


def statements(document):
    assert document["Version"] == "2012-10-17"
    for s in document["Statement"]:
        assert s["Effect"] == "Allow" and s["Action"] and s["Resource"]
        assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z]?[A-Za-z]+", a) for a in s["Action"]), "no patterns in actions"
    return {s["Sid"]: s for s in document["Statement"]}


def test_the_writer_may_touch_this_lake_and_nothing_else(bare):
    bare.config(CONFIG)
    done = bare.run("policy", check=0)
    policy = statements(json.loads(done.stdout))
    assert set(policy) == {"ListLake", "WriteLake", "UseKey", "WriteTables", "CreateDatabase", "ConnectToDatabase"}
    assert policy["ListLake"]["Resource"] == ["arn:aws:s3:::acme-lake"]
    assert policy["ListLake"]["Condition"] == {"StringLikeIfExists": {"s3:prefix": ["prod", "prod/*"]}}
    assert policy["WriteLake"]["Resource"] == ["arn:aws:s3:::acme-lake/prod/*"]
    assert "s3:PutObjectTagging" in policy["WriteLake"]["Action"]
    assert policy["UseKey"]["Resource"] == [
        "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
    assert policy["WriteTables"]["Resource"] == [
        "arn:aws:glue:eu-west-1:123456789012:catalog", "arn:aws:glue:eu-west-1:123456789012:database/shop",
        "arn:aws:glue:eu-west-1:123456789012:table/shop/orders",
        "arn:aws:glue:eu-west-1:123456789012:table/shop/users"]
    assert policy["ConnectToDatabase"]["Resource"] == ["arn:aws:rds-db:eu-west-1:123456789012:dbuser:*/etl"]
    assert "resource id" in done.stderr


def test_the_reader_may_change_nothing(bare):
    bare.config(CONFIG)
    policy = statements(json.loads(bare.run("policy", "--reader", check=0).stdout))
    actions = {a for sid, s in policy.items() if sid != "WriteResults" for a in s["Action"]}
    assert not [a for a in actions if re.search("Put|Delete|Create|Update|Abort|GenerateDataKey|rds-db", a)]
    assert policy["QueryAthena"]["Resource"] == ["arn:aws:athena:eu-west-1:123456789012:workgroup/reports"]
    assert policy["WriteResults"]["Resource"] == ["arn:aws:s3:::acme-lake/_athena-results/*"]


def test_a_writer_whose_sql_runs_on_athena_may_start_it(bare):
    bare.write("s.sql", "SELECT id FROM users")
    heavy = {"from": ["users"], "sql": "s.sql", "columns": {"id": "int"}, "run_on": "athena"}
    bare.config({**CONFIG, "engine": "embedded", "datasets": {**CONFIG["datasets"], "heavy": heavy}})
    policy = statements(json.loads(bare.run("policy", check=0).stdout))
    assert "athena:StartQueryExecution" in policy["QueryAthena"]["Action"]
    assert "glue:GetPartitions" in policy["QueryTables"]["Action"]
    assert policy["WriteResults"]["Resource"] == ["arn:aws:s3:::acme-lake/_athena-results/*"]
    # Who only reads has the embedded engine.
    assert "QueryAthena" not in statements(json.loads(bare.run("policy", "--reader", check=0).stdout))


@pytest.mark.parametrize("secret, resource", [
    ("prod/shop", "arn:aws-cn:secretsmanager:cn-north-1:*:secret:prod/shop-??????"),
    ("arn:aws-cn:secretsmanager:cn-north-1:1:secret:shop-AbCdEf",
     "arn:aws-cn:secretsmanager:cn-north-1:1:secret:shop-AbCdEf"),
    ("arn:aws-cn:secretsmanager:cn-north-1:1:secret:prod/shop",
     "arn:aws-cn:secretsmanager:cn-north-1:1:secret:prod/shop-??????"),
])
def test_a_secret_is_named_as_iam_names_it(bare, secret, resource):
    bare.config({"source": {"url": "postgres://", "secret": secret}, "aws": {"region": "cn-north-1"},
                 "datasets": {"a": {"inputs": {"t": "t"}}}})
    policy = statements(json.loads(bare.run("policy", check=0).stdout))
    assert list(policy) == ["ReadSecret"]
    assert policy["ReadSecret"]["Resource"] == [resource]


def test_what_is_not_known_is_told(bare):
    bare.config({"source": {"url": "${NOT_SET}"}, "lake": {"location": "s3://acme-lake", "catalog": "glue"},
                 "datasets": {"a": {"inputs": {"t": "t"}}}})
    done = bare.run("policy", check=0)
    policy = statements(json.loads(done.stdout))
    assert "Condition" not in policy["ListLake"], "the whole bucket"
    assert policy["WriteLake"]["Resource"] == ["arn:aws:s3:::acme-lake/*"]
    assert policy["WriteTables"]["Resource"][0] == "arn:aws:glue:*:*:catalog"
    assert "the region is not known" in done.stderr and "--account" in done.stderr
    done = bare.run("policy", "--account", "210987654321", env={"AWS_REGION": "us-gov-west-1"}, check=0)
    assert statements(json.loads(done.stdout))["WriteTables"]["Resource"][0] == \
        "arn:aws-us-gov:glue:us-gov-west-1:210987654321:catalog"
    assert "is no AWS account id" in bare.run("policy", "--account", "acme", check=2).stderr


def test_a_configuration_without_aws_has_no_policy(bare):
    bare.config({"source": {"url": "service=x"}, "datasets": {"a": {"inputs": {"t": "t"}}}})
    assert "uses nothing of AWS" in bare.run("policy", check=2).stderr
    bare.config({**CONFIG, "lake": {"location": "s3://acme-lake/pro*d"}, "engine": "embedded"})
    assert "lake.location has a `*`" in bare.run("policy", check=2).stderr


def test_many_tables_are_named_together(bare):
    bare.config({**CONFIG, "datasets": {f"d{i}": {"inputs": {"t": "t"}} for i in range(41)}})
    policy = statements(json.loads(bare.run("policy", check=0).stdout))
    assert policy["WriteTables"]["Resource"][-1] == "arn:aws:glue:eu-west-1:123456789012:table/shop/*"


def variables(text, of):
    for variable, value in of.items():
        text = text.replace("${" + variable + "}", value)
    return text


def test_terraform_has_the_same_policies_with_bucket_database_and_workgroup(bare):
    import hcl2
    bare.config(CONFIG)
    text = bare.run("policy", "--format", "terraform", check=0).stdout
    (bare.folder / "lake.tf").write_text(text)
    parsed = json.dumps(hcl2.loads(text))
    for resource in ("aws_s3_bucket", "aws_s3_bucket_public_access_block", "aws_s3_bucket_versioning",
                     "aws_s3_bucket_lifecycle_configuration", "aws_glue_catalog_database", "aws_athena_workgroup"):
        assert resource in parsed
    values = {"data.aws_partition.current.partition": "aws", "data.aws_caller_identity.current.account_id": "123456789012"}
    documents = [json.loads(variables(policy, values)) for policy in re.findall(r"jsonencode\((.*?)\)\n}", text, re.S)]
    assert documents == [json.loads(bare.run("policy", *option, check=0).stdout) for option in ([], ["--reader"])]
    terraform = shutil.which("terraform")
    if terraform:  # where there is one: its own parser, and its own style
        subprocess.run([terraform, "fmt", "-check", "lake.tf"], cwd=bare.folder, check=True, capture_output=True)
    only = bare.run("policy", "--format", "terraform", "--reader", check=0).stdout
    assert "tailrace_reader" in only and "aws_s3_bucket" not in only and "tailrace_writer" not in only


def substituted(value, of):
    if isinstance(value, dict):
        if list(value) == ["Fn::Sub"]:
            return variables(value["Fn::Sub"], of)
        return {key: substituted(item, of) for key, item in value.items()}
    return [substituted(item, of) for item in value] if isinstance(value, list) else value


@pytest.mark.slow  # the linter's own
def test_cloudformation_has_the_same_and_passes_its_linter(bare):
    import cfnlint
    bare.config(CONFIG)
    text = bare.run("policy", "--format", "cloudformation", check=0).stdout
    template = json.loads(text)
    resources = template["Resources"]
    assert {r["Type"] for r in resources.values()} == {
        "AWS::S3::Bucket", "AWS::Glue::Database", "AWS::Athena::WorkGroup", "AWS::IAM::ManagedPolicy"}
    assert resources["Lake"]["DeletionPolicy"] == "Retain"
    of = {"AWS::Partition": "aws", "AWS::AccountId": "123456789012"}
    for name, option in (("WriterPolicy", []), ("ReaderPolicy", ["--reader"])):
        document = substituted(resources[name]["Properties"]["PolicyDocument"], of)
        assert document == json.loads(bare.run("policy", *option, check=0).stdout)
    problems = [p for p in cfnlint.api.lint_all(text) if p.rule.id[0] in "EW"]
    assert [str(p) for p in problems] == []


# ---- held against the calls ----

def allowed(policy):
    return {action for statement in policy["Statement"] for action in statement["Action"]}


@pytest.mark.slow
def test_the_writers_policy_is_what_the_calls_need_and_no_more(project, db, aws, fault_proxy):
    proxy = fault_proxy(aws)
    db.execute("CREATE TABLE t AS SELECT i AS id, 'c' || i % 3 AS country, repeat(md5(i::text), 20) AS x"
               " FROM generate_series(1, 60000) i; ALTER TABLE t ALTER country SET NOT NULL")

    def config(partitions="projection"):
        table = {"inputs": {"t": "t"}, "partition_by": ["country"], "partitions": partitions,
                 "columns": {"id": "int", "x": "string", "country": {"type": "string", "not_null": True}}}
        project.config({"lake": {"location": aws.location, "catalog": "glue", "database": aws.database},
                        "s3": {"part_size": "5MiB"}, "parquet": {"compression": "none"},
                        "datasets": {"whole": {"inputs": {"t": "t"}}, "parts": table}})

    def run(*args, check=0):
        return project.run(*args, env=proxy.env, check=check)

    config("registered")
    run("check")
    run("run")
    db.execute("DELETE FROM t WHERE country = 'c2'; INSERT INTO t VALUES (0, 'c9', 'x')")
    run("run")
    # An upload that fails on its way is aborted.
    proxy.fail("denied", "s3:UploadPart")
    assert "s3:PutObject" in run("run", "whole", check=2).stderr
    run("rollback", "parts", "--to", "1")
    run("gc", "--keep", "1", "--days", "0")
    config("projection")
    run("run")
    run("verify")
    run("status")
    used = {PERMISSIONS.get(call, call) for call in proxy.operations()}
    policy = json.loads(run("policy").stdout)
    assert used <= allowed(policy), "missing in the policy"
    assert allowed(policy) - BY_HEADER <= used, "superfluous in the policy"
    # The keys and tables that were touched are the policy's resources.
    objects = [r.split(":::")[1] for s in policy["Statement"] if s["Sid"] == "WriteLake" for r in s["Resource"]]
    assert all(fnmatch.fnmatchcase(f"{aws.bucket}/{key}", objects[0]) for key in aws.keys())

    proxy.clear()
    run("query", "SELECT count(*) FROM whole")
    run("datasets")
    run("status")
    run("history", "whole")
    run("verify")
    reader = json.loads(run("policy", "--reader").stdout)
    assert {PERMISSIONS.get(call, call) for call in proxy.operations()} <= allowed(reader)


def test_a_readers_queries_on_athena_are_in_the_policy(project, db, aws, fake_athena, fault_proxy):
    proxy = fault_proxy({"athena": fake_athena.env["AWS_ENDPOINT_URL_ATHENA"]})
    env = {**fake_athena.env, "AWS_ENDPOINT_URL_ATHENA": proxy.endpoint("athena")}
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    project.config({"lake": {"location": aws.location, "catalog": "glue", "database": aws.database},
                    "engine": "athena", "athena": {"output_location": f"s3://{aws.bucket}/results/"},
                    "datasets": {"a": {"inputs": {"t": "t"}}}})
    project.run("run", env=env, check=0)
    project.run("query", "SELECT count(*) FROM a", env=env, check=0)
    policy = statements(json.loads(project.run("policy", "--reader", env=env, check=0).stdout))
    used = set(proxy.operations())
    # Stopping takes a Ctrl-C.
    assert set(policy["QueryAthena"]["Action"]) - {"athena:StopQueryExecution"} == used
