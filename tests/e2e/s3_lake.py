"""A lake in S3 for the tests that know folders: copied by boto3."""
from pathlib import Path


def mirror(aws, folder):
    """Every object below the lake's prefix as a file in a folder."""
    folder = Path(folder)
    for key in aws.keys(aws.prefix + "/"):
        path = folder / key[len(aws.prefix) + 1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(aws.read(key))
    return folder


def lake(aws, **more):
    """The part of a configuration that names the lake in S3, with its Glue database."""
    return {"location": aws.location, "catalog": "glue", "database": aws.database, **more}
