#!/usr/bin/env python3
"""Uses a page of muster timeline as a reader does, in a Chromium without a screen.

browser.py FILE CPUS APIC-ID     of so many CPUs the one with that ID is looked for; if the name of
                                 FILE has "failed" or "hostile" in it, its alarm is, too

Chromium is driven by chromedriver through WebDriver (W3C), by plain HTTP.
"""
import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def need(condition, *what):
    if not condition:
        sys.exit(f"FAILED: {what}")


class Browser:
    def __init__(self):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        found = None
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                break
        need(found, "chromedriver does not start; its exit status is", self.driver.poll())
        self.base = f"http://127.0.0.1:{found[1]}"
        arguments = ["--headless=new", "--disable-gpu", "--window-size=1300,1000", "--hide-scrollbars",
                     "--disable-dev-shm-usage"]
        if os.getuid() == 0:
            arguments.append("--no-sandbox")  # it refuses root otherwise, as in a container
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.base += f"/session/{answer['sessionId']}"

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=40) as answer:
            return json.load(answer)["value"]

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(10)

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": arguments})

    def text(self, name):
        """After whatever is under way has been painted."""
        self.call("POST", "/execute/async", {
            "script": "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))", "args": []})
        return self.run("return document.getElementById(arguments[0]).textContent", name)

    def find(self, name):
        return self.call("POST", "/element", {"using": "css selector", "value": f"#{name}"})[ELEMENT]

    def click(self, name):
        self.call("POST", f"/element/{self.find(name)}/click", {})

    def write(self, name, text):
        self.call("POST", f"/element/{self.find(name)}/value", {"text": text})

    def point(self, *steps):
        """Moves and presses of the mouse, from the middle of the chart."""
        chart = {ELEMENT: self.find("chart")}
        actions = [{"duration": 0, "origin": chart, **step} if step["type"] == "pointerMove" else step
                   for step in steps]
        self.call("POST", "/actions", {"actions": [
            {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}]})

    def wheel(self, x, y, by):
        self.call("POST", "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", "origin": {ELEMENT: self.find("chart")}, "x": x, "y": y, "deltaX": 0,
             "deltaY": by, "duration": 0}]}]})


def move(x, y):
    return {"type": "pointerMove", "x": x, "y": y}


DOWN, UP = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}


def stretch(browser):
    """What is in view, in microseconds."""
    units = {"ns": 1e-3, "µs": 1, "ms": 1e3, "s": 1e6}
    ends = re.findall(r"(-?[\d.]+) (\S+)", browser.text("range"))
    need(len(ends) == 2, "the range is", ends)
    begin, end = (float(value) * units[unit] for value, unit in ends)
    return begin, end, end - begin


def zooms(browser):
    whole = stretch(browser)
    browser.click("zoom-in")
    half = stretch(browser)
    need(0.45 < half[2] / whole[2] < 0.55, "the button zooms", whole, half)
    browser.wheel(0, 0, -400)
    need(stretch(browser)[2] < 0.5 * half[2], "the wheel zooms", half, stretch(browser))
    before = stretch(browser)
    browser.point(move(0, 20), DOWN, move(-200, 20), UP)
    after = stretch(browser)
    need(after[0] > before[0] and abs(after[2] - before[2]) < 0.01 * before[2], "a drag moves", before, after)
    browser.write("chart", "0")
    need(stretch(browser) == whole, "0 shows the bring-up", whole, stretch(browser))
    browser.write("chart", "+")
    need(stretch(browser)[2] < 0.6 * whole[2], "+ zooms")
    browser.click("bring-up")
    high = browser.run("return document.getElementById('chart').clientHeight")
    browser.point(move(-100, 8 - high // 2), DOWN, move(100, 8 - high // 2), UP)
    need(stretch(browser)[2] < 0.3 * whole[2], "a drag on the axis zooms", stretch(browser))
    for name in ("waking", "starting", "everything"):
        browser.click(name)
        need(stretch(browser)[2] > 0, name)
    browser.click("bring-up")


def searches(browser, apic_id):
    browser.write("search", str(apic_id))
    need(f"APIC ID {apic_id}" in browser.text("found"), "it is found", browser.text("found"))
    details = browser.text("details")
    need(f"APIC ID {apic_id}" in details and "phase" in details, "its phases are told", details[:200])
    browser.run("document.getElementById('search').value = ''")
    browser.write("search", "99999")
    need("no such CPU" in browser.text("found"), "one that is not there is not found")


def hovers(browser):
    high = browser.run("return document.getElementById('chart').clientHeight")
    browser.point(move(0, 90 - high // 2))
    tip = browser.text("tip")
    need(not browser.run("return document.getElementById('tip').hidden"), "the figures are shown")
    need(re.search(r"APIC ID \d+", tip) and re.search(r"from .*(ms|µs)", tip), "the figures", tip)
    print("figures:", tip)


def tells_all(browser, count):
    browser.run("document.getElementById('table').open = true")
    browser.text("table")
    lines = browser.run("return document.querySelectorAll('#table tbody tr').length")
    need(lines == count, "the table has all CPUs", lines)


def main():
    path, count, apic_id = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    browser = Browser()
    try:
        begun = time.monotonic()
        browser.call("POST", "/url", {"url": f"file://{os.path.abspath(path)}"})
        stretch(browser)
        print(f"{count} CPUs shown after {time.monotonic() - begun:.2f} s")
        zooms(browser)
        searches(browser, apic_id)
        hovers(browser)
        tells_all(browser, count)
        if "failed" in path or "hostile" in path:
            need("did not come on" in browser.text("alarm"), "the alarm is told")
        need(not browser.run("return window.broken"), "a guest's text has run")
        problems = browser.call("POST", "/se/log", {"type": "browser"})
        need(not problems, "the console says", problems)
        if os.environ.get("SCREENSHOT"):
            with open(os.environ["SCREENSHOT"], "wb") as file:
                file.write(base64.b64decode(browser.call("GET", "/screenshot")))
    finally:
        browser.close()


main()
