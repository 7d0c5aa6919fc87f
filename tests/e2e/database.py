"""A fresh database for one test, and what Postgres itself says of its rows."""
import secrets

import psycopg

# A canonical text of a value, exact and independent of any client's types: the same is made
# of Parquet's values by lake_reader.canonical. By type OID.
CANONICAL = {
    16: "{c}::int::text",                                                    # bool
    700: "('x' || encode(float4send({c}), 'hex'))::bit(32)::int::text",      # float4: its bits
    701: "('x' || encode(float8send({c}), 'hex'))::bit(64)::bigint::text",   # float8: its bits
    1700: "trim_scale({c})::text",                                           # numeric
    17: "encode({c}, 'hex')",                                                # bytea
    1042: "convert_from(bpcharsend({c}), 'UTF8')",                           # char(n): with its blanks
    1082: "({c} - date '1970-01-01')::text",                                 # date: days
    1083: "(extract(epoch from {c}) * 1000000)::bigint::text",               # time: microseconds
    1114: "(extract(epoch from {c}) * 1000000)::bigint::text",               # timestamp
    1184: "(extract(epoch from {c}) * 1000000)::bigint::text",               # timestamptz
}

# Before 14 extract() answers in floating point: there the microseconds come from the value's own bytes.
EPOCH_2000 = 946684800_000000
CANONICAL_13 = CANONICAL | {
    1083: "('x' || encode(time_send({c}), 'hex'))::bit(64)::bigint::text",
    1114: f"(('x' || encode(timestamp_send({{c}}), 'hex'))::bit(64)::bigint + {EPOCH_2000})::text",
    1184: f"(('x' || encode(timestamptz_send({{c}}), 'hex'))::bit(64)::bigint + {EPOCH_2000})::text",
}


class Database:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.url = server.url(name)
        self.roles = []

    @classmethod
    def create(cls, server):
        database = cls(server, "t_" + secrets.token_hex(6))
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database.name}")
        return database

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
            for role in self.roles:
                connection.execute(f"DROP ROLE {role}")

    def connect(self, **options):
        return psycopg.connect(self.url, autocommit=True, **options)

    def execute(self, sql, params=None):
        """Run statements (several only without params)."""
        with self.connect() as connection:
            connection.execute(sql, params)

    def query(self, sql, params=None):
        """All rows as tuples of Python values."""
        with self.connect() as connection:
            return connection.execute(sql, params).fetchall()

    def role(self, attributes=""):
        """A new role that may log in; returns (name, password)."""
        name, password = "r_" + secrets.token_hex(4), secrets.token_hex(8)
        self.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' {attributes}")
        self.roles.append(name)
        return name, password

    def tcp_url(self, user=None, password=None):
        """Over TCP, where the server asks for a password."""
        return self.server.tcp_url(self.name, user, password)

    def canonical(self, sql):
        """The rows of a query in the canonical form: (column names, sorted tuples of text or "")."""
        with self.connect() as connection:
            described = connection.execute(f"SELECT * FROM ({sql}) q LIMIT 0").description
            names = [column.name for column in described]
            canonical = CANONICAL if connection.info.server_version >= 140000 else CANONICAL_13
            expressions = [canonical.get(column.type_code, "{c}::text").format(c='q."%s"' % column.name)
                           for column in described]
            rows = []
            with connection.cursor().copy(
                    f"COPY (SELECT {', '.join(expressions)} FROM ({sql}) q) TO STDOUT") as copy:
                for row in copy.rows():
                    rows.append(tuple(NULL if value is None else value for value in row))
            rows.sort()
            return names, rows


# Sorts beside text, and no text of Postgres contains it.
NULL = "\0null"
