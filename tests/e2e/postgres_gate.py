"""Doors before real Postgres servers, on 127.0.0.1.

`Door` hands each connection to `greet`, in a thread of its own. `PostgresGate` asks every connection
for its password, in clear text within TLS, as Amazon RDS does for IAM: it keeps the passwords and lets
in whom `accept` lets in.

    with PostgresGate(server, folder, accept=lambda user, password: True) as gate:
        gate.port, gate.certificate    # a self-signed certificate for localhost
        gate.seen                      # (user, password) of each connection
"""
import select
import socket
import ssl
import struct
import subprocess
import threading

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102


class Door:
    def __enter__(self):
        self.threads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start(self.listen)
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(timeout=30)

    def start(self, target, *args):
        self.threads.append(threading.Thread(target=target, args=args, daemon=True))
        self.threads[-1].start()

    def listen(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.start(self.serve, client)

    def serve(self, client):
        try:
            self.greet(client)
        except (OSError, EOFError):
            pass  # it went away
        finally:
            client.close()


class PostgresGate(Door):
    def __init__(self, server, folder, accept):
        self.server = server  # private_postgres.PrivatePostgres: trusts who comes by its socket
        self.folder = folder
        self.accept = accept
        self.seen = []

    def __enter__(self):
        self.certificate, key = self.folder / "gate.crt", self.folder / "gate.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate, key)
        return super().__enter__()

    def greet(self, client):
        length, code = struct.unpack("!ii", receive(client, 8))
        while code in (SSL_REQUEST, GSS_REQUEST):
            client.sendall(b"S" if code == SSL_REQUEST else b"N")
            if code == SSL_REQUEST:
                client = self.tls.wrap_socket(client, server_side=True)
            length, code = struct.unpack("!ii", receive(client, 8))
        first = struct.pack("!ii", length, code) + receive(client, length - 8)
        if code != CANCEL_REQUEST and not self.let_in(client, first):
            return
        reach(client, self.server, first)

    def let_in(self, client, first):
        words = first[8:].split(b"\0")
        user = dict(zip(words[::2], words[1::2]))[b"user"].decode()
        client.sendall(b"R" + struct.pack("!ii", 8, 3))  # AuthenticationCleartextPassword
        kind, length = struct.unpack("!ci", receive(client, 5))
        assert kind == b"p"
        password = receive(client, length - 4)[:-1].decode()
        self.seen.append((user, password))
        if self.accept(user, password):
            return True
        fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0"
        client.sendall(b"E" + struct.pack("!i", 4 + len(fields)) + fields)
        return False


def receive(connection, n):
    data = b""
    while len(data) < n:
        piece = connection.recv(n - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def reach(client, server, first=b""):
    """Send what the client said first to the server's socket, then let them talk."""
    with socket.socket(socket.AF_UNIX) as ahead:
        ahead.connect(f"{server.folder}/.s.PGSQL.{server.port}")
        ahead.sendall(first)
        relay(client, ahead)


def relay(client, server):
    """Until one of the two ends. One thread: a TLS connection is not to be shared by two."""
    ends = {client: server, server: client}
    while True:
        pending = isinstance(client, ssl.SSLSocket) and client.pending()
        for end in [client] if pending else select.select(list(ends), [], [])[0]:
            data = end.recv(65536)
            if not data:
                return
            ends[end].sendall(data)
