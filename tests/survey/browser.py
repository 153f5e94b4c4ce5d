"""A headless Chromium, driven over its DevTools pipe; no package and no network needed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--remote-debugging-pipe",
)
MIDDLE = """(selector) => {
  const element = document.querySelector(selector);
  element.scrollIntoView({block: "center", behavior: "instant"});
  const box = element.getBoundingClientRect();
  return {x: box.x + box.width / 2, y: box.y + box.height / 2};
}"""
PATIENCE = 60.0  # seconds; the machine may be busy


class Refused(Exception):
    """A command the browser does not follow."""


class Browser:
    """One page in one browser."""

    def __init__(self, folder: Path):
        self.folder = folder
        to_browser, from_us = os.pipe()
        from_browser, to_us = os.pipe()
        # Clear of 3 and 4, where the browser expects its ends.
        self._out, self._in = os.dup2(from_us, 60), os.dup2(from_browser, 61)

        def wire() -> None:
            os.dup2(to_browser, 103)
            os.dup2(to_us, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        assert CHROMIUM is not None
        self.process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            preexec_fn=wire,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (to_browser, to_us, from_us, from_browser):
            os.close(end)
        self._buffer, self._number = b"", 0
        self.events: list[dict[str, Any]] = []
        self._session: str | None = None
        self._target = ""
        self("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.new_tab()

    def new_tab(self) -> None:
        """Open a tab that knows nothing of the one before, which is closed."""
        before, self._session = self._target, None
        self._target = self("Target.createTarget", url="about:blank")["targetId"]
        attached = self("Target.attachToTarget", targetId=self._target, flatten=True)
        if before:
            self("Target.closeTarget", targetId=before)
        self._session = attached["sessionId"]
        self.events.clear()
        for domain in ("Page", "Runtime", "Network", "Log"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; what happens meanwhile is kept in `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._receive()
            if reply.get("id") == self._number:
                if "error" in reply:
                    raise Refused(reply["error"])
                return reply["result"]
            self.events.append(reply)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._in, 65536)
            assert part, "the browser is gone"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait for something to be true and return it."""
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)
        return found

    def open(self, url: str) -> None:
        self._leave("Page.navigate", url=url)

    def reload(self) -> None:
        self._leave("Page.reload")

    def _leave(self, method: str, **parameters: Any) -> None:
        self.js("globalThis.stale = true")
        self(method, **parameters)

        def arrived() -> bool:
            try:
                found = self.js("!globalThis.stale && document.readyState === 'complete'")
            except Refused:  # asked just while the page was changing
                return False
            return bool(found)

        self.until(arrived)

    def js(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        result = self(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def click(self, selector: str) -> None:
        """Click where a person would: at the middle of the element on the screen."""
        where = self.js(f"({MIDDLE})({json.dumps(selector)})")
        for kind in ("mousePressed", "mouseReleased"):
            self("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **where)

    def key(self, key: str, code: int, text: str = "") -> None:
        """Press a key."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        self("Input.insertText", text=text)

    def size(self, width: int, height: int) -> None:
        self(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def picture(self, path: Path, *, whole: bool = True) -> None:
        shot = self("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self) -> list[Any]:
        """Return uncaught errors and warnings of the page, and requests that left it."""
        self.js("1")
        found = [
            e for e in self.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")
        ]
        urls = [
            e["params"]["request"]["url"]
            for e in self.events
            if e["method"] == "Network.requestWillBeSent"
        ]
        return [*found, *(url for url in urls if not url.startswith(("file:", "data:", "blob:")))]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        for end in (self._out, self._in):
            os.close(end)
