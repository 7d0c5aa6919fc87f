"""A request to S3 takes its time whatever it carries: many of them go side by side, and none in vain."""
import json
import signal

import pytest

from polling import wait_for
from s3_lake import lake

AT_ONCE = 16
PARTS = 100  # more than a stage has in closing at once


@pytest.fixture
def parts(project, db, aws):
    """One small file for each of many partitions."""
    db.execute(f"CREATE TABLE parts AS SELECT i AS id, i % {PARTS} AS part FROM generate_series(0, 3999) i")
    project.config({"lake": {"location": aws.location}, "limits": {"threads": 1, "connections": 1},
                    "datasets": {"parts": {"inputs": {"p": "parts"}, "partition_by": ["part"]}}})
    return project


def staged(aws):
    return aws.keys(f"{aws.prefix}/parts/")


def all_come(held, process):
    """Each of the held calls comes while the others have no answer; then what the process says."""
    for call in held:
        call.wait()
    for call in held:
        call.release()
    return process.communicate(timeout=120)


@pytest.mark.threads
def test_small_files_do_not_wait_for_each_other(parts, aws, fault_proxy):
    proxy = fault_proxy(aws)
    held = [proxy.hold("s3:PutObject", path="/part-", nth=n) for n in (1, 8)]
    process = parts.spawn("run", env=proxy.env)
    out, error = all_come(held, process)
    assert process.returncode == 0, (out, error)
    assert len(staged(aws)) == PARTS
    done = parts.run("query", "--format", "csv", "SELECT count(*), sum(id), count(DISTINCT part) FROM parts",
                     env=aws.env, check=0)
    assert done.stdout.splitlines()[1] == f"4000,{sum(range(4000))},{PARTS}"


def test_one_file_of_many_that_is_refused_ends_the_run_and_takes_the_others_back(parts, aws, fault_proxy):
    proxy = fault_proxy(aws)
    rule = proxy.fail("denied", "s3:PutObject", path="/part-00020", times=None)
    done = parts.run("run", env=proxy.env)
    assert done.returncode == 2, done.stderr
    assert "s3:PutObject" in done.stderr and "part-00020.parquet" in done.stderr
    assert rule.fired == 1
    assert aws.keys() == []


def test_ctrl_c_takes_back_the_files_on_their_way(parts, aws, fault_proxy):
    """But for those that reach S3 after they were given up: gc finds them."""
    parts.run("run", env=aws.env, check=0)
    published = staged(aws)
    proxy = fault_proxy(aws)
    first, eighth = (proxy.hold("s3:PutObject", path="/part-", nth=n) for n in (1, 8))
    process = parts.spawn("run", env=proxy.env)
    first.wait()
    eighth.wait()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, (out, error)
    wait_for(lambda: all(call.ended_s or call.fault for call in proxy.find("s3:PutObject")), seconds=60)
    assert len(staged(aws)) <= len(published) + AT_ONCE
    parts.run("gc", env=aws.env, check=0)
    assert staged(aws) == published
    first.release()
    eighth.release()


def test_files_are_verified_side_by_side_and_findings_told_in_their_order(parts, aws, fault_proxy):
    parts.run("run", env=aws.env, check=0)
    keys = staged(aws)
    damaged = [keys[5], keys[30]]
    aws.s3.delete_object(Bucket=aws.bucket, Key=keys[17])
    for key in damaged:
        body = bytearray(aws.read(key))
        body[20] ^= 1
        aws.s3.put_object(Bucket=aws.bucket, Key=key, Body=bytes(body))
    proxy = fault_proxy(aws)
    held = [proxy.hold("s3:HeadObject", nth=n) for n in (1, 8)]
    process = parts.spawn("verify", "--json", env=proxy.env)
    out, error = all_come(held, process)
    assert process.returncode == 4, (out, error)
    report = json.loads(out)[0]
    assert (report["files"], report["rows"], report["findings"]) == (PARTS, 4000, 3)
    names = [key.rsplit("/", 1)[1] for key in (keys[5], keys[17], keys[30])]
    number = {name: error.index(name) for name in names}
    assert sorted(names, key=number.get) == sorted(names)


def test_a_small_run_makes_no_request_in_vain(project, db, aws, fault_proxy):
    """Between two commits of a dataset: 14 requests, each of which the protocol of lake.h needs."""
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 100) i")
    project.config({"lake": {"location": aws.location}, "datasets": {"t": {"inputs": {"t": "t"}}}})
    project.run("run", env=aws.env, check=0)
    proxy = fault_proxy(aws)
    project.run("run", env=proxy.env, check=0)
    assert [call.operation.removeprefix("s3:") for call in proxy.find()] == [
        "ListObjectsV2", "GetObject",                      # the parent
        "PutObject", "GetObject", "PutObject",             # the lease, its mark, and that the server keeps conditions
        "PutObject", "GetObject",                          # the file and its footer
        "PutObject", "GetObject", "ListObjectsV2", "HeadObject", "PutObject",  # the commit
        "DeleteObject", "DeleteObject"]                    # the lease: after the commit, and at the end


def test_files_of_another_engine_are_read_side_by_side(parts, aws, fake_athena, fault_proxy):
    parts.write("copy.sql", "SELECT id, part % 20 AS part FROM parts")
    parts.config({"lake": lake(aws), "datasets": {
        "parts": {"inputs": {"p": "parts"}},
        "there": {"from": ["parts"], "sql": "copy.sql", "run_on": "athena", "partition_by": ["part"],
                  "partitions": "registered", "columns": {"id": "int", "part": {"type": "int", "not_null": True}}}}})
    parts.run("run", "parts", env=fake_athena.env, check=0)
    proxy = fault_proxy(fake_athena)
    held = [proxy.hold("s3:GetObject", path="/prod/there/", nth=n) for n in (1, 8)]
    process = parts.spawn("run", "there", env=proxy.env)
    out, error = all_come(held, process)
    assert process.returncode == 0, (out, error)
    done = parts.run("query", "--format", "csv", "SELECT count(*), sum(id), count(DISTINCT part) FROM there",
                     env=aws.env, check=0)
    assert done.stdout.splitlines()[1] == f"4000,{sum(range(4000))},20"


def test_a_query_reads_files_side_by_side(parts, aws, fault_proxy):
    """By more threads than limits.threads says: they wait."""
    parts.run("run", env=aws.env, check=0)
    proxy = fault_proxy(aws)
    held = [proxy.hold("s3:HeadObject", nth=n) for n in (4, 6)]
    process = parts.spawn("query", "--format", "csv", "SELECT sum(id) FROM parts", env=proxy.env)
    out, error = all_come(held, process)
    assert process.returncode == 0 and out.split() == ["sum(id)", str(sum(range(4000)))], (out, error)
