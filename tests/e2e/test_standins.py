"""The stand-in servers are there, check what they are there to check, and share one key pair."""
import datetime
import os
import socket
import subprocess
import threading

import pytest
from botocore.exceptions import ClientError

from polling import wait_for
from standins import StandInFailed, StandIns, boto3_client, http_get


def test_objects_and_glue_databases_come_and_go_in_each_stand_in(any_aws):
    aws = any_aws
    aws.s3.put_object(Bucket=aws.bucket, Key=f"{aws.prefix}/a", Body=b"hello")
    assert aws.keys() == [f"{aws.prefix}/a"]
    assert aws.read(f"{aws.prefix}/a") == b"hello"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        aws.s3.put_object(Bucket=aws.bucket, Key=f"{aws.prefix}/a", Body=b"again", IfNoneMatch="*")
    aws.glue.create_database(DatabaseInput={"Name": aws.database})
    assert aws.glue.get_database(Name=aws.database)["Database"]["Name"] == aws.database


@pytest.mark.parametrize("service, call", [("s3", "list_buckets"), ("glue", "get_databases")])
def test_a_wrong_secret_is_refused_by_s3_and_by_glue(aws, service, call):
    server = aws.s3_server if service == "s3" else aws.glue_server
    with pytest.raises(ClientError, match="SignatureDoesNotMatch|InvalidSignatureException"):
        getattr(boto3_client(service, server["endpoint"], server["access_key"], "wrong"), call)()


@pytest.mark.parametrize("status", ["200 OK", "503 Slow Down"])
def test_half_an_answer_counts_as_none(status):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def end_amid_the_answer():
            with listening.accept()[0] as client:
                client.recv(65536)
                client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 10\r\n\r\nhalf".encode())
        thread = threading.Thread(target=end_amid_the_answer)
        thread.start()
        assert http_get(f"http://127.0.0.1:{listening.getsockname()[1]}/") is None
        thread.join()


def test_a_server_ends_with_the_process_that_owns_the_run_however_that_ends(tmp_path):
    owner = subprocess.Popen(["sleep", "600"])
    try:
        server = StandIns(tmp_path / "standins", owner.pid).get("ministack")
        assert http_get(server["endpoint"] + "/_ministack/health")
    finally:
        owner.kill()
        owner.wait()
    wait_for(lambda: not http_get(server["endpoint"] + "/_ministack/health"), seconds=60,
             what="the server is still there")


def test_a_server_that_is_not_installed_fails_the_test_and_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setenv("TAILRACE_CACHE", str(tmp_path / "empty"))
    servers = StandIns(tmp_path / "standins", os.getpid())
    for _ in range(2):  # who asks later is told the same
        with pytest.raises(StandInFailed, match="run scripts/install-standins"):
            servers.get("trino")


@pytest.mark.slow
def test_trino_reads_through_glue_and_s3_with_both_precisions_of_timestamps(aws, trino):
    import pyarrow as pa
    import pyarrow.parquet as pq
    moment = datetime.datetime(2024, 6, 17, 1, 2, 3, 456789)
    table = pa.table({"id": pa.array([1, 2], pa.int64()), "at": pa.array([moment, None], pa.timestamp("us"))})
    with aws.filesystem.open_output_stream(f"{aws.bucket}/t/one.parquet") as out:
        pq.write_table(table, out)
    aws.glue.create_database(DatabaseInput={"Name": aws.database})
    aws.glue.create_table(DatabaseName=aws.database, TableInput={
        "Name": "t", "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "StorageDescriptor": {
            "Location": f"s3://{aws.bucket}/t/",
            "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "at", "Type": "timestamp"}],
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}}})
    assert trino.rows(f"SELECT id, at FROM hive.{aws.database}.t ORDER BY id") == [(1, moment), (2, None)]
    cut = moment.replace(microsecond=457000)
    assert trino.rows(f"SELECT at FROM hive_default.{aws.database}.t WHERE id = 1") == [(cut,)]
