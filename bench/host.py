"""The built site on a server that compresses, as a host of pages does."""

import contextlib
import functools
import gzip
import http.server
import sys
import threading
from pathlib import Path

from tools.files import chromium

HTML = Path(__file__).resolve().parent.parent / "book" / "_build" / "html"
COMPRESSED = {".html", ".css", ".js", ".svg", ".json"}


@functools.cache
def content(path):
    """What is sent of a file, and whether it is compressed."""
    data = path.read_bytes()
    return (gzip.compress(data), True) if path.suffix in COMPRESSED else (data, False)


class Host(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        data, compressed = content(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "max-age=600")
        if compressed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        return self.wfile.write(data)

    def log_message(self, *_):
        pass


def browser():
    """The path of Chromium. Ends the program without one."""
    return chromium() or sys.exit("Chromium is not installed; on Debian or Ubuntu: sudo apt install chromium")


@contextlib.contextmanager
def served(folder=HTML):
    """The address of a site, the built one if none is named. Ends the program if there is none."""
    if not folder.is_dir():
        sys.exit(f"There is no site in {folder}; run make book first.")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
