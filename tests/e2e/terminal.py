"""A program on a pseudo-terminal: what it prints is gathered, what is typed is sent."""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>()][A-Z0-9]?|\r|\x07|\x08")


class Terminal:
    def __init__(self, command, cwd, env, columns=100, rows=30):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(command, cwd=cwd, env={**env, "TERM": "xterm"}, stdin=slave, stdout=slave,
                                        stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.raw = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a character may come in two pieces
        self.mark = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)

    def read(self, timeout):
        """Take what there is; False at the end."""
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            return True
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # EIO: the other side is closed
            return False
        self.raw += self.decoder.decode(piece)
        return bool(piece)

    def text(self):
        """What came since the last expect(), without escapes."""
        return ESCAPES.sub("", self.raw[self.mark:])

    def expect(self, pattern, timeout=60):
        """Wait until the pattern shows in what came since the last expect()."""
        end = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.text())
            if found:
                shown = self.text()
                self.mark = len(self.raw)
                return shown
            assert time.monotonic() < end, f"no /{pattern}/ in:\n{self.text()}"
            assert self.read(0.2), f"it ended without /{pattern}/:\n{self.text()}"

    def send(self, text):
        os.write(self.master, text.encode())

    def interrupt(self):
        self.send("\x03")

    def wait(self, timeout=60):
        """The exit code; the rest of the output is gathered."""
        end = time.monotonic() + timeout
        while self.read(0.1) and time.monotonic() < end:
            if self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]:
                break
        return self.process.wait(max(1, end - time.monotonic()))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
