#!/usr/bin/env python3
"""Fails where modules of a crate import each other in a circle: scripts/circles.py FOLDER…

A module is what stands at the top of a crate: a file, or a folder with all its files. What it imports is
read from its `use` lines and paths; its tests are left out.
"""

import itertools
import pathlib
import re
import sys


def is_test(path):
    return "tests" in path.parts or path.stem == "tests" or path.stem.endswith("_tests")


def code_of(path):
    """The file without comments and without its tests."""
    text = re.sub(r"//.*", "", path.read_text())
    return re.sub(r"#\[cfg\(test\)\]\s*mod tests \{.*", "", text, flags=re.DOTALL)


def paths_of(code):
    """The paths below `crate`, from `use` trees and from expressions."""
    for tree in re.findall(r"\buse\s+crate::([^;]+);", code):
        yield from first_names(re.sub(r"\s+", "", tree))
    yield from re.findall(r"\bcrate::(\w+)", code)


def first_names(tree):
    """The first names of `a::b`, or of each of `{a::b,c::{d,e}}`."""
    if not tree.startswith("{"):
        yield re.split(r"\W", tree, maxsplit=1)[0]
        return
    depth = 0
    name = ""
    for char in tree[1:-1] + ",":
        if char == "," and depth == 0:
            yield re.split(r"\W", name, maxsplit=1)[0]
            name = ""
            continue
        depth += (char == "{") - (char == "}")
        name += char


def imports(root):
    """Which modules each module imports, and in which files."""
    modules = {entry.stem for entry in root.iterdir() if entry.is_dir() or entry.suffix == ".rs"}
    found = {}
    for path in sorted(root.rglob("*.rs")):
        relative = path.relative_to(root)
        if is_test(relative):
            continue
        importer = relative.parts[0].removesuffix(".rs")
        # What only puts the crate together imports everything.
        if importer in ("lib", "main"):
            continue
        for name in paths_of(code_of(path)):
            if name in modules and name != importer:
                found.setdefault(importer, {}).setdefault(name, []).append(str(relative))
    return found


def circle_from(start, found):
    """A way from a module back to itself, if there is one."""
    ways = [[start]]
    seen = set()
    while ways:
        way = ways.pop(0)
        for name in found.get(way[-1], {}):
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return None


def main():
    failed = False
    for folder in sys.argv[1:]:
        found = imports(pathlib.Path(folder))
        told = set()
        for module in sorted(found):
            circle = circle_from(module, found)
            if circle is None or frozenset(circle) in told:
                continue
            told.add(frozenset(circle))
            failed = True
            print(f"{folder}: {' → '.join(circle)}")
            for importer, name in itertools.pairwise(circle):
                print(f"  {', '.join(sorted(set(found[importer][name])))} of {importer} import {name}")
    return 1 if failed else 0


sys.exit(main())
