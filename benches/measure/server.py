"""The server that all programs poll. It holds each request until it is told what to answer: so it is known when a poll begins, and
between two polls a program can be looked at while it waits."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# More than any poll takes on a busy machine.
PATIENCE = 120


class Request:
    """A request that is being held."""

    def __init__(self):
        self._answer = queue.SimpleQueue()

    def release(self, answer):
        self._answer.put(answer)

    def answer(self):
        """Waits for what to answer; `None` is no answer at all."""
        return self._answer.get()


class ReportServer:
    """A server of one program, on a port of its own on this machine; on a known one where a program knows it from before."""

    def __init__(self, port=0):
        held = self._held = queue.SimpleQueue()
        self._requests = []
        requests = self._requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                request = Request()
                requests.append(request)
                held.put(request)
                answer = request.answer()
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                # A program that was stopped while it was being answered.
                pass

        self._server = Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def port(self):
        return self._server.server_port

    def url(self):
        return f"http://127.0.0.1:{self.port()}"

    def request(self):
        """The next request, held."""
        try:
            return self._held.get(timeout=PATIENCE)
        except queue.Empty:
            raise TimeoutError(f"no program asked for the report within {PATIENCE} s") from None

    def close(self):
        for request in self._requests:
            request.release(None)
        self._server.shutdown()
        self._server.server_close()
