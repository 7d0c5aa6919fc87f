"""A project that copies one small table to a lake in S3 with its table in Glue."""
from s3_lake import lake


def fill(db, rows=100):
    db.execute("CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, name text NOT NULL); TRUNCATE t; "
               f"INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, {rows}) i")


def configure(project, aws, lake_keys=None, dataset=None, **aws_keys):
    """Two attempts where aws_keys say no other, so that what fails each time fails soon."""
    project.config({"lake": {**lake(aws), **(lake_keys or {})}, "aws": {"attempts": 2, **aws_keys},
                    "datasets": {"t": {"inputs": {"t": "public.t"}, **(dataset or {})}}})
