"""Our own Glue does what the service does and the stand-ins do not."""
import datetime

import pytest
from botocore.exceptions import ClientError

from aws_json_server import Key
from standins import boto3_client

PARQUET = {"InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
           "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
           "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}}


def storage(location="s3://b/t/", columns=(("id", "bigint"),)):
    return {"Location": location, "Columns": [{"Name": n, "Type": t} for n, t in columns], **PARQUET}


def table(name="t", keys=(), **more):
    return {"Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "parquet"},
            "StorageDescriptor": storage(**more), "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys]}


def day(n):
    return f"2024-{n // 28 + 1:02}-{n % 28 + 1:02}"


@pytest.fixture
def glue(fake_glue):
    client = boto3_client("glue", fake_glue.endpoint, "AKIAFAKE", "secret")
    client.create_database(DatabaseInput={"Name": "Shop"})
    return client


def refused(match):
    return pytest.raises(ClientError, match=match)


@pytest.mark.parametrize("access_key, secret, match", [
    ("AKIAFAKE", "wrong", "InvalidSignatureException.*does not match"),
    ("AKIAOTHER", "secret", "UnrecognizedClientException"),
    ("AKIAEXPIRED", "secret", "ExpiredTokenException"),
])
def test_what_is_not_signed_with_a_known_key_is_refused(fake_glue, access_key, secret, match):
    fake_glue.keys["AKIAEXPIRED"] = Key("secret", expired=True)
    with refused(match):
        boto3_client("glue", fake_glue.endpoint, access_key, secret).get_databases()
    assert fake_glue.calls == []


def test_an_old_signature_and_another_region_are_refused(fake_glue, monkeypatch):
    with refused("scoped to a valid region"):
        fake_glue.region = "eu-west-1"
        boto3_client("glue", fake_glue.endpoint, "AKIAFAKE", "secret").get_databases()
    fake_glue.region = "us-east-1"
    early = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=6)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: early)
    with refused("Signature expired"):
        boto3_client("glue", fake_glue.endpoint, "AKIAFAKE", "secret").get_databases()


def test_names_are_folded_to_lower_case(glue):
    glue.create_table(DatabaseName="SHOP", TableInput=table("Orders", columns=[("UserId", "bigint")]))
    found = glue.get_table(DatabaseName="shop", Name="ORDERS")["Table"]
    assert (found["DatabaseName"], found["Name"]) == ("shop", "orders")
    assert found["StorageDescriptor"]["Columns"][0]["Name"] == "userid"


def test_an_update_with_a_stale_version_is_a_conflict(glue):
    glue.create_table(DatabaseName="shop", TableInput=table())
    version = glue.get_table(DatabaseName="shop", Name="t")["Table"]["VersionId"]
    glue.update_table(DatabaseName="shop", TableInput=table(location="s3://b/2/"), VersionId=version)
    with refused("ConcurrentModificationException"):
        glue.update_table(DatabaseName="shop", TableInput=table(location="s3://b/3/"), VersionId=version)
    assert glue.get_table(DatabaseName="shop", Name="t")["Table"]["StorageDescriptor"]["Location"] == "s3://b/2/"
    versions = glue.get_table_versions(DatabaseName="shop", TableName="t")["TableVersions"]
    assert [v["VersionId"] for v in versions] == ["1", "0"]


def test_partitions_come_in_pages_and_batches_have_limits(glue, fake_glue):
    glue.create_table(DatabaseName="shop", TableInput=table(keys=["d"]))
    inputs = [{"Values": [day(n)], "StorageDescriptor": storage(f"s3://b/t/{day(n)}/")} for n in range(101)]
    with refused("length less than or equal to 100"):
        glue.batch_create_partition(DatabaseName="shop", TableName="t", PartitionInputList=inputs)
    assert glue.batch_create_partition(DatabaseName="shop", TableName="t", PartitionInputList=inputs[:100])["Errors"] == []
    errors = glue.batch_create_partition(DatabaseName="shop", TableName="t", PartitionInputList=inputs[99:])["Errors"]
    assert [(e["PartitionValues"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [
        ([day(99)], "AlreadyExistsException")]
    first = glue.get_partitions(DatabaseName="shop", TableName="t")
    assert len(first["Partitions"]) == fake_glue.page_size and first["NextToken"]
    pages = list(glue.get_paginator("get_partitions").paginate(DatabaseName="shop", TableName="t"))
    assert [p["Values"][0] for page in pages for p in page["Partitions"]] == sorted(map(day, range(101)))
    with refused("NextToken is not valid"):
        glue.get_tables(DatabaseName="shop", NextToken=first["NextToken"])
    gone = [{"Values": [day(n)]} for n in range(26)]
    with refused("length less than or equal to 25"):
        glue.batch_delete_partition(DatabaseName="shop", TableName="t", PartitionsToDelete=gone)
    glue.batch_delete_partition(DatabaseName="shop", TableName="t", PartitionsToDelete=gone[:25])
    errors = glue.batch_delete_partition(DatabaseName="shop", TableName="t", PartitionsToDelete=gone[24:])["Errors"]
    assert [e["PartitionValues"] for e in errors] == [[day(24)]]
    assert len(fake_glue.tables["shop", "t"].partitions) == 101 - 26


def test_segments_split_the_partitions_without_a_rest(glue):
    glue.create_table(DatabaseName="shop", TableInput=table(keys=["d"]))
    inputs = [{"Values": [day(n)], "StorageDescriptor": storage()} for n in range(60)]
    glue.batch_create_partition(DatabaseName="shop", TableName="t", PartitionInputList=inputs)
    found = []
    for n in range(3):
        for page in glue.get_paginator("get_partitions").paginate(
                DatabaseName="shop", TableName="t", Segment={"SegmentNumber": n, "TotalSegments": 3}):
            found += [p["Values"][0] for p in page["Partitions"]]
    assert sorted(found) == sorted(map(day, range(60)))


def test_items_can_be_made_to_fail_one_by_one(glue, fake_glue):
    glue.create_table(DatabaseName="shop", TableInput=table(keys=["d"]))
    fake_glue.item_errors["b"] = ("InternalServiceException", "later")
    inputs = [{"Values": [value], "StorageDescriptor": storage()} for value in "abc"]
    errors = glue.batch_create_partition(DatabaseName="shop", TableName="t", PartitionInputList=inputs)["Errors"]
    assert [(e["PartitionValues"], e["ErrorDetail"]["ErrorMessage"]) for e in errors] == [(["b"], "later")]
    assert sorted(fake_glue.tables["shop", "t"].partitions) == [("a",), ("c",)]


def test_calls_can_be_throttled(glue, fake_glue):
    fake_glue.throttle("GetTables", times=5)
    with refused("ThrottlingException"):
        glue.get_tables(DatabaseName="shop")
    assert len(fake_glue.called("GetTables")) == 3  # boto3's own attempts


@pytest.mark.parametrize("columns, ok", [
    ([("a", "decimal(38,10)"), ("b", "array<struct<x:int,y:map<string,double>>>")], True),
    ([("a", "decimal(39,10)")], False), ([("a", "timestamptz")], False), ([("a", "array<int")], False),
    ([("a", "int"), ("A", "int")], False), ([("a", "decimal")], False),
])
def test_types_and_columns_are_checked(glue, columns, ok):
    if ok:
        glue.create_table(DatabaseName="shop", TableInput=table(columns=columns))
    else:
        with refused("InvalidInputException"):
            glue.create_table(DatabaseName="shop", TableInput=table(columns=columns))


@pytest.mark.slow
def test_trino_reads_registered_partitions_through_our_glue(aws_fake, trino):
    import pyarrow as pa
    import pyarrow.parquet as pq
    aws = aws_fake
    aws.glue.create_database(DatabaseInput={"Name": aws.database})
    aws.glue.create_table(DatabaseName=aws.database, TableInput=table(keys=["d"], location=f"s3://{aws.bucket}/t/"))
    inputs = []
    for n in range(25):
        with aws.filesystem.open_output_stream(f"{aws.bucket}/t/d={n}/one.parquet") as out:
            pq.write_table(pa.table({"id": pa.array([n], pa.int64())}), out)
        inputs.append({"Values": [day(n)], "StorageDescriptor": storage(f"s3://{aws.bucket}/t/d={n}/")})
    aws.glue.batch_create_partition(DatabaseName=aws.database, TableName="t", PartitionInputList=inputs)
    name = f"{aws.trino_catalog}.{aws.database}.t"
    assert trino.rows(f"SELECT count(*), sum(id), min(d), max(d) FROM {name}") == [(25, 300, day(0), day(24))]
    assert trino.rows(f"SELECT id FROM {name} WHERE d = '{day(7)}'") == [(7,)]
