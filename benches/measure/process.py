"""A program that is measured from outside: its processor time, memory and wake-ups as the kernel counts them."""

import http.client
import os
import re
import socket
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

# All of them write this line at the end of a poll.
POLL = re.compile(r"poll: (\d+) new chats?")
FAILURE = re.compile(r"poll failed")
# More than any poll takes on a busy machine.
PATIENCE = 120
# A program that took less processor time than this in so many seconds is waiting for something.
QUIET_SECONDS = 0.06
QUIET_CPU = 0.0001


class Failed(Exception):
    """A program did not do what it is measured for."""


@dataclass(frozen=True)
class Cost:
    """Seconds: of processor time, user and system, of all threads; and from the beginning to the last sign of work."""

    cpu: float
    wall: float


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Program:
    """A started program that writes to its standard error and, if it has a port, serves /metrics."""

    def __init__(self, name, command, port=None, environment=None, cwd=None, stdout=subprocess.DEVNULL):
        self.name = name
        self.port = port
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid
        self._polls = []
        self._last = deque(maxlen=20)
        self._changed = threading.Condition()
        self._has_failed = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stderr:
            at = time.monotonic()
            with self._changed:
                self._last.append(line.rstrip())
                if found := POLL.search(line):
                    self._polls.append((at, int(found[1])))
                elif FAILURE.search(line):
                    self._has_failed = True
                self._changed.notify_all()
        with self._changed:
            self._has_failed = True
            self._changed.notify_all()

    def polls(self):
        return len(self._polls)

    def wait_for_poll(self, number):
        """When the poll of this number, from 1, ended, and how many chats were new in it."""
        with self._changed:
            is_there = self._changed.wait_for(lambda: self._has_failed or len(self._polls) >= number, PATIENCE)
            if not is_there or len(self._polls) < number:
                raise Failed(f"{self.name} did not end its poll; its last lines:\n" + "\n".join(self._last))
            return self._polls[number - 1]

    def cpu(self):
        """Processor time of all threads, also of those that have ended: clock_getcpuclockid(3), of Linux."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def settle(self):
        """Waits until the program waits. Returns when it last did something."""
        known, at = self.cpu(), time.monotonic()
        while time.monotonic() - at < QUIET_SECONDS:
            time.sleep(0.002)
            now = self.cpu()
            # A busy machine may keep a thread waiting for a processor for longer than that.
            is_at_work = now - known > QUIET_CPU or (time.monotonic() - at >= QUIET_SECONDS and self._is_runnable())
            if is_at_work:
                known, at = now, time.monotonic()
        return at

    def _tasks(self):
        return os.listdir(f"/proc/{self.pid}/task")

    def _is_runnable(self):
        """Whether a thread runs, or would if it had a processor, or waits for the disk."""
        for task in self._tasks():
            try:
                stat = Path(f"/proc/{self.pid}/task/{task}/stat").read_text()
            except OSError:
                # The thread has ended.
                continue
            if stat.rpartition(") ")[2][0] in "RD":
                return True
        return False

    def _status(self, key, task=""):
        text = Path(f"/proc/{self.pid}/{task}status").read_text()
        return int(re.search(rf"^{key}:\s*(\d+)", text, re.MULTILINE)[1])

    def peak_rss(self):
        """MiB."""
        return self._status("VmHWM") / 1024

    def rss(self):
        """MiB."""
        return self._status("VmRSS") / 1024

    def wake_ups(self):
        """How often a thread that is still there went to sleep by itself, since it was started."""
        return sum(self._status("voluntary_ctxt_switches", f"task/{task}/") for task in self._tasks())

    def threads(self):
        return len(self._tasks())

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def get(self, path="/metrics", encoding="gzip"):
        """The body of an answer, as it was sent, and the seconds it took."""
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Accept-Encoding": encoding})
        response = connection.getresponse()
        body = response.read()
        took = time.perf_counter() - begun
        connection.close()
        if response.status != 200:
            raise Failed(f"{self.name} answered {path} with {response.status}")
        return body, took

    def wait_until_served(self, path="/metrics", pause=0.01):
        """Waits for the first good answer."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                self.get(path)
                return
            except (OSError, http.client.HTTPException, Failed):
                time.sleep(pause)
        raise Failed(f"{self.name} does not answer; its last lines:\n" + "\n".join(self._last))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Polled:
    """A program and the server that it polls."""

    def __init__(self, program, server):
        self.program = program
        self.server = server

    def poll(self, answer, new, scrape=False):
        """Lets the program have its next poll, of which so many rows are new; then scrapes it, where asked to."""
        request = self.server.request()
        self.program.settle()
        number = self.program.polls() + 1
        cpu, begun = self.program.cpu(), time.monotonic()
        request.release(answer)
        ended, counted = self.program.wait_for_poll(number)
        ended = max(ended, self.program.settle())
        if scrape:
            self.program.get()
            ended = self.program.settle()
        if counted != new:
            raise Failed(f"{self.program.name} found {counted} new chats, not {new}")
        return Cost(self.program.cpu() - cpu, ended - begun)

    def close(self):
        self.program.stop()
        self.server.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
