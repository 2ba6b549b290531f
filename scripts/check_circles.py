#!/usr/bin/env python3
"""Checks that no files of a crate use each other in a circle: A uses an item of B, and B, directly or through others, one of A.

Usage: python3 scripts/check_circles.py [CRATE ...]      Without names, every crate of the project. No packages.

A file uses another where it names an item that the other defines: in a `use` at any depth of braces, in a path that begins with `crate`, `super`,
`self` or a module, through a glob, or with a macro of a module above. A re-export is followed to the file that defines the item, and is itself a use
of that file. `lib.rs`, `main.rs` and each `mod.rs` are files like any other; a `mod` line alone uses nothing. What stands in comments, in
strings and behind `#[cfg(test)]` does not count. Methods and trait implementations have no path and are not seen.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*)
    |(?P<string>(?:b|c)?"(?:\\.|[^"\\])*"|b?'(?:\\[^']+|\\'|[^'\\])')
    |(?P<raw>(?:br|cr|r)(?P<hashes>\#*)".*?"(?P=hashes))
    |(?P<lifetime>'\w+)
    |(?P<word>(?:r\#|\$)?[A-Za-z_]\w*)
    |(?P<other>::|\d\w*(?:\.\d\w*)?|.)""",
    re.VERBOSE | re.DOTALL,
)
WORD = re.compile(r"[A-Za-z_]")
ITEMS = {"struct", "enum", "union", "trait", "fn", "type", "const", "static"}
CLOSING = {"(": ")", "[": "]", "{": "}"}


def tokens_of(text):
    """Words and signs of Rust, without comments, strings and lifetimes."""
    tokens, at = [], 0
    while at < len(text):
        if text.startswith("/*", at):
            depth = 0
            while at < len(text):
                step = {"/*": 1, "*/": -1}.get(text[at : at + 2], 0)
                depth += step
                at += 2 if step else 1
                if depth == 0:
                    break
            continue
        match = TOKEN.match(text, at)
        if match["word"] or match["other"]:
            tokens.append(match[0].removeprefix("r#").removeprefix("$"))
        at = match.end()
    return without_tests(tokens)


def after(tokens, at):
    """The place after the bracket that closes the one at `at`."""
    open_brackets = []
    for place in range(at, len(tokens)):
        if tokens[place] in CLOSING:
            open_brackets.append(CLOSING[tokens[place]])
        elif open_brackets and tokens[place] == open_brackets[-1]:
            open_brackets.pop()
            if not open_brackets:
                return place + 1
    return len(tokens)


def without_tests(tokens):
    """The tokens without attributes, and without what `#[cfg(test)]` stands before."""
    kept, at, test = [], 0, False
    while at < len(tokens):
        if tokens[at] == "#" and tokens[at + 1 : at + 2] in (["["], ["!"]):
            start = at + 1 + (tokens[at + 1] == "!")
            at = after(tokens, start)
            condition = tokens[start + 1 : at - 1]
            test |= condition in (["cfg", "(", "test", ")"], ["cfg", "(", "doctest", ")"]) or condition[:5] == ["cfg", "(", "all", "(", "test"]
        elif test:
            while at < len(tokens) and tokens[at] not in (";", "{"):
                at = after(tokens, at) if tokens[at] in CLOSING else at + 1
            at = after(tokens, at) if tokens[at : at + 1] == ["{"] else at + 1
            test = False
        else:
            kept.append(tokens[at])
            at += 1
    return kept


class Module:
    """What a module defines, imports and names. Modules in braces have the file of the module around them."""

    def __init__(self, path, file):
        self.path, self.file = path, file
        self.items, self.macros = set(), set()
        # Name → paths that it was imported by; names that are exported again; paths of globs.
        self.imports, self.exported, self.globs = defaultdict(list), set(), []
        # What code names: paths of more than one word, words that stand alone, macros.
        self.paths, self.words, self.called_macros = set(), set(), set()


def use_tree(tokens, at, prefix):
    """The imports of one tree, as pairs of path and name, and the place after it."""
    path, name = list(prefix), None
    while at < len(tokens):
        token = tokens[at]
        if token == "{":
            found, at = [], at + 1
            while tokens[at] != "}":
                inner, at = use_tree(tokens, at, path)
                found += inner
                at += tokens[at] == ","
            return found, at + 1
        if token in (",", "}", ";"):
            break
        if token == "as":
            name = tokens[at + 1]
            at += 1
        elif token != "::" and not (token == "self" and path):
            path.append(token)
        at += 1
    return [(tuple(path), name or path[-1])], at


def read_module(tokens, module, modules, pending):
    """Fills `module` from its tokens; modules of other files are put into `pending`."""
    at, depth, public = 0, 0, False
    # Signs behind the end, so that none is asked for in vain.
    tokens = [*tokens, ";", ";", ";"]
    while at < len(tokens) - 3:
        token, following = tokens[at], tokens[at + 1]
        if token == "mod" and tokens[at + 2] in (";", "{"):
            child = (*module.path, following)
            end = after(tokens, at + 2) if tokens[at + 2] == "{" else at + 3
            if tokens[at + 2] == "{":
                modules[child] = Module(child, module.file)
                read_module(tokens[at + 3 : end - 1], modules[child], modules, pending)
            else:
                pending.append(child)
            at, public = end, False
        elif token == "use" and (following in ("::", "{") or WORD.match(following)):
            found, at = use_tree(tokens, at + 1, ())
            module.globs += [path[:-1] for path, name in found if name == "*"]
            for path, name in found:
                module.imports[name].append(path)
                module.exported |= {name} if public else set()
            public = False
        elif token == "pub":
            at, public = after(tokens, at + 1) if following == "(" else at + 1, True
        elif WORD.match(token):
            if depth == 0 and token in ITEMS and WORD.match(following):
                module.items.add(following)
            if depth == 0 and token == "macro_rules":
                module.macros.add(tokens[at + 2])
            path = [token]
            while tokens[at + 1] == "::" and WORD.match(tokens[at + 2]):
                path.append(tokens[at + 2])
                at += 2
            if len(path) > 1:
                module.paths.add(tuple(path))
            else:
                module.words.add(token)
                module.called_macros |= {token} if following == "!" else set()
            at, public = at + 1, False
        else:
            depth += (token in CLOSING) - (token in CLOSING.values())
            at += 1


def read_crate(files, root):
    """All modules of a crate, from its root file on. `files` maps paths inside `src` to texts."""
    modules, pending, first = {}, [], ()
    while True:
        stem = "/".join(first)
        file = root if not first else next(name for name in (f"{stem}.rs", f"{stem}/mod.rs") if name in files)
        modules[first] = Module(first, file)
        read_module(tokens_of(files[file]), modules[first], modules, pending)
        if not pending:
            return modules
        first = pending.pop()


def lookup(modules, module, name, seen=frozenset()):
    """What a name of a module stands for: modules, and for items pairs of a file and the name there."""
    found = set()
    if (*module.path, name) in modules:
        found.add(modules[(*module.path, name)])
    if name in module.items | module.macros:
        found.add((module.file, name))
    # `pub use d::d` asks for `d` while `d` is looked for: then the module is meant.
    if (module.path, name) in seen:
        return found
    seen |= {(module.path, name)}
    for path in module.imports.get(name, []):
        found |= resolve(modules, module, path, seen)
    if not found:
        for path in module.globs:
            for target in modules_only(resolve(modules, module, path, seen)):
                found |= lookup(modules, target, name, seen)
    return found


def modules_only(targets):
    return {target for target in targets if isinstance(target, Module)}


def resolve(modules, module, path, seen=frozenset()):
    """What a path that stands in a module leads to; nothing if it leads out of the crate."""
    base, path = module, list(path)
    while path and path[0] in ("crate", "super", "self"):
        base = modules[{"crate": (), "super": base.path[:-1], "self": base.path}[path.pop(0)]]
    targets = {base}
    for name in path:
        # Of a module and a function of one name, a path leads on through the module. Behind an item stand its variants and functions.
        inside = modules_only(targets)
        targets = set().union(*(lookup(modules, target, name, seen) for target in inside)) if inside else targets
    return targets


def uses_of(modules):
    """File → file that it uses → names of the items."""
    uses = defaultdict(lambda: defaultdict(set))

    def add(module, targets):
        for file, name in targets - modules_only(targets):
            if file != module.file:
                uses[module.file][file].add(name)

    for module in modules.values():
        for name, paths in module.imports.items():
            targets = set().union(*(resolve(modules, module, path) for path in paths if path[-1] != "*"))
            # The function of a module that has its name was imported too, and may not be meant.
            if not modules_only(targets) or name in module.words | module.exported:
                add(module, targets)
        for path in module.paths:
            add(module, resolve(modules, module, path))
        for name in module.called_macros:
            above = [modules[module.path[:length]] for length in range(len(module.path) + 1)]
            add(module, {(parent.file, name) for parent in above if name in parent.macros})
        for path in module.globs:
            targets = resolve(modules, module, path)
            add(module, targets)
            for target in modules_only(targets):
                exported = target.items | target.exported if "*" in module.exported else set()
                for name in exported | module.words | {path[0] for path in module.paths}:
                    add(module, lookup(modules, target, name))
    return uses


def circles(uses):
    """The sets of files of which each can be reached from each other one (Tarjan)."""
    order, lowest, stack, found = {}, {}, [], []

    def visit(file):
        order[file] = lowest[file] = len(order)
        stack.append(file)
        for other in sorted(uses[file]) if file in uses else []:
            if other not in order:
                visit(other)
            if other in stack:
                lowest[file] = min(lowest[file], lowest[other])
        if lowest[file] == order[file]:
            circle = stack[stack.index(file) :]
            del stack[stack.index(file) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    for file in sorted(uses):
        if file not in order:
            visit(file)
    return found


def found_in(files, root="lib.rs"):
    return circles(uses_of(read_crate(files, root)))


# The checker itself, first, on made-up files: `a.rs` uses `B` of `b.rs` in each of these ways, and `b.rs` uses `A` of `a.rs`.
def made_up(a, b="use crate::a::A; pub struct B;", root="mod a; mod b; mod c;", c=""):
    return found_in({"lib.rs": root, "a.rs": f"pub struct A; {a}", "b.rs": b, "c/mod.rs": c, "c/d.rs": "use crate::a::A; pub fn d(_: A) {}"})


BOTH = [["a.rs", "b.rs"]]
assert made_up("use crate::b::B;") == BOTH
assert made_up("use super::{c::{self}, b::{B as Other}};") == BOTH
assert made_up("fn f() { crate::b::B::new() }") == BOTH
assert made_up("use crate::b; fn f() -> b::B {}") == BOTH
assert made_up("use crate::b::*; fn f() -> B {}") == BOTH
assert made_up("mod inner { fn f(_: super::super::b::B) {} }") == BOTH
assert made_up("fn f() { use crate::b::B; }") == BOTH
assert made_up("fn f() { for _ in 0..crate::b::B::N {} }") == BOTH
assert made_up("#[cfg(not(test))] use crate::b::B;") == BOTH
assert made_up("use crate::c::B;", c="pub(super) use crate::b::{B};") == BOTH
assert made_up("use crate::c::Other;", c="pub(crate) use super::b::B as Other;") == BOTH
assert made_up("use crate::B;", root="mod a; mod b; pub use b::*;") == BOTH
assert made_up("use crate::c::d; fn f() { d() }", c="mod d; pub use d::d;") == [["a.rs", "c/d.rs"]]
assert made_up("fn f() { crate::g() }", root="mod a; fn g() { a::f() }") == [["a.rs", "lib.rs"]]
assert made_up("fn f() { g!() }", root="macro_rules! g { () => { $crate::a::A } } mod a;") == [["a.rs", "lib.rs"]]
assert made_up("use crate::c::D;", c="pub use super::b::*;", b="use crate::a::A; pub use inner::D; mod inner { pub struct D; }") == BOTH
assert not made_up("fn f(_: crate::b::B) {}", b="pub struct B;")
assert not made_up("// crate::b::B\n/* use crate::b::B; /* nested */ */ const S: &str = r#\"crate::b::B\"#; const T: &str = \"\\\"crate::b::B\";")
assert not made_up("#[cfg(test)] mod tests { use crate::b::B; } #[cfg(all(test, unix))] use crate::b::B; fn f<'a>(_: &'a str, _: char) { f('\"', '\\'') }")
assert not made_up("use crate::c::d; fn f() { d::g() }", c="mod d; pub use d::d;")
assert not made_up("use crate::b; use other::b::B;")
assert not made_up("fn f() {}", root="mod a; mod b; pub use a::A; pub use b::B;")

problems, seen = [], 0
for root in sorted([*ROOT.glob("*/src/*.rs"), *ROOT.glob("crates/*/src/*.rs")]):
    folder = root.parent
    if root.name not in ("lib.rs", "main.rs") or (sys.argv[1:] and folder.parent.name not in sys.argv[1:]):
        continue
    modules = read_crate({path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.rs")}, root.name)
    seen += len({module.file for module in modules.values()})
    uses = uses_of(modules)
    for circle in circles(uses):
        problems.append(f"{folder.relative_to(ROOT).as_posix()}: {len(circle)} files in a circle")
        for file in circle:
            for other in [other for other in circle if other in uses[file]]:
                problems.append(f"    {file} uses {other}: {', '.join(sorted(uses[file][other]))}")
print("\n".join(problems) or f"{seen} files: none use each other in a circle")
sys.exit(bool(problems))
