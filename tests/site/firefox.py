"""Firefox without a window, driven by WebDriver BiDi, the protocol that it speaks by itself: no driver is needed."""

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

import websocket

NAMES = ("firefox-esr", "firefox")
SECONDS = 60  # that one command may take on a loaded machine
# Nothing that a test starts is to talk to the network. Firefox asks in vain then, and says so to nobody.
PREFERENCES = {
    "app.update.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "remote.prefs.recommended": True,
}


def firefox():
    """Path of the first Firefox on the PATH, None without one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def started(executable):
    """A Firefox with one page, a Page; it and its profile are gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
        with open(f"{profile}/user.js", "w", encoding="utf-8") as file:
            file.writelines(lines)
        command = [executable, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        home = {"HOME": profile, "XDG_CACHE_HOME": profile, "XDG_CONFIG_HOME": profile, "XDG_RUNTIME_DIR": profile}
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **home}
        )
        too_late = threading.Timer(SECONDS, process.kill)
        too_late.start()
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if address := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                    break
            else:
                raise OSError(f"Firefox did not start within {SECONDS} s:\n" + "".join(said))
            too_late.cancel()
            threading.Thread(target=process.stderr.read, daemon=True).start()  # so that its pipe never fills
            yield Page(f"{address[1]}/session")
        finally:
            too_late.cancel()
            process.kill()
            process.wait()


class Page:
    """The page of a Firefox. errors: what it logged as an error; asked: the addresses that it asked for."""

    def __init__(self, address):
        self.socket = websocket.create_connection(address, timeout=SECONDS, suppress_origin=True)
        self.numbers, self.errors, self.asked = itertools.count(), [], []
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.context = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method, **params):
        """The result of a command; what happens until it comes is noted. Raises RuntimeError if it fails."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            match message.get("type"), message.get("method"):
                case "event", "log.entryAdded" if message["params"]["level"] == "error":
                    self.errors.append(message["params"]["text"])
                case "event", "network.beforeRequestSent":
                    self.asked.append(message["params"]["request"]["url"])
                case "success" | "error" as end, _ if message["id"] == number:
                    if end == "error":
                        raise RuntimeError(f"{method}: {message['message']}")
                    return message["result"]

    def resize(self, width, height=900):
        self.send("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})

    def open(self, address):
        """Load an address and wait for it. The driver's own waiting also ends when the page before changes its hash."""
        self.send("browsingContext.navigate", context=self.context, url=address, wait="complete")
        self.wait_for("() => [location.href, document.readyState]", [address, "complete"])

    def wait_for(self, function, value):
        """Wait until a JavaScript function returns a value. Raises AssertionError if it doesn't."""
        deadline, found = time.monotonic() + SECONDS, None
        while found != value:
            assert time.monotonic() < deadline, f"{found} after {SECONDS} s, not {value}"
            with contextlib.suppress(RuntimeError):  # between two pages nobody answers
                found = self.evaluate(function)
            time.sleep(0.02)

    def evaluate(self, function):
        """What a JavaScript function of no arguments returns or promises, through JSON."""
        found = self.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({function})()) ?? null))()",
            target={"context": self.context},
            awaitPromise=True,
        )
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return json.loads(found["result"]["value"])

    def press(self, *keys):
        """Press keys one after the other; those without a letter by their WebDriver codes."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.send(
            "input.performActions", context=self.context, actions=[{"type": "key", "id": "keys", "actions": actions}]
        )
