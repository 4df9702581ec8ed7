#!/usr/bin/env python3
"""Looks into an SVG of muster timeline: check_svg.py FILE auto|light|dark.

It is well-formed, says what it shows, and under auto every colour in it has another in the dark.
"""
import re
import sys
import xml.etree.ElementTree as tree

SVG = "{http://www.w3.org/2000/svg}"


def need(condition, *what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    root = tree.fromstring(text)
    need(root.find(f"{SVG}title").text and root.find(f"{SVG}desc").text, "no title or description")
    need("<script" not in text, "a script in it")
    style = root.find(f"{SVG}style")
    need((style is not None) == (sys.argv[2] == "auto"), "a style sheet where none is asked for, or none")
    if style is None:
        return
    body = text[text.index("</style>"):]
    used = set(re.findall(r"(fill|stroke)(?:=\"|:)(#[0-9a-f]{6})", body))
    need(len(used) > 8, "hardly a colour", used)
    need("rgb(" not in body, "a colour that is not in the palette", re.findall(r"rgb\([^)]*\)", body)[:3])
    for what, colour in used:
        need(f'[{what}="{colour}"], [style*="{what}:{colour}"] {{' in style.text, "stays light", what, colour)
    print(f"{len(text)} bytes, {len(used)} colours")


main()
