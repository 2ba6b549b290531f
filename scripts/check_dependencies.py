"""Checks licences, sources and Rust versions of all dependencies, by `cargo metadata` and the lists in deny.toml.

What `cargo deny check licenses sources` checks too, for machines that do not have it; and that no dependency asks for a newer Rust
than the workspace's `rust-version`. Usage: python3 scripts/check_dependencies.py (Python 3.11 or newer; no packages).
"""

import json
import re
import subprocess
import sys
import tomllib

deny = tomllib.load(open("deny.toml", "rb"))
allowed = set(deny["licenses"]["allow"])
registries = set(deny["sources"]["allow-registry"])
workspace = tomllib.load(open("Cargo.toml", "rb"))["workspace"]["package"]
command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def version(text):
    return tuple(int(part) for part in (text.split(".") + ["0", "0"])[:3])


def permitted(expression):
    """Whether an SPDX expression of AND, OR and brackets can be met by allowed licences; `/` is an old OR."""
    tokens = re.findall(r"[()]|[^\s()]+(?: WITH [^\s()]+)?", expression.replace("/", " OR "))

    def either():
        result = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            result = both() or result
        return result

    def both():
        result = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            result = one() and result
        return result

    def one():
        token = tokens.pop(0)
        if token != "(":
            return token in allowed
        result = either()
        tokens.pop(0)
        return result

    return either()


# The parser itself, first.
assert permitted("(GPL-3.0 OR MIT) AND Zlib") and permitted("GPL-3.0/MIT") and not permitted("MIT AND GPL-3.0")

problems = []
for package in metadata["packages"]:
    name = f"{package['name']} {package['version']}"
    if not package["license"] or not permitted(package["license"]):
        problems.append(f"{name}: its licence is {package['license']}, which deny.toml does not allow")
    source = package["source"]
    if source and source.removeprefix("registry+") not in registries:
        problems.append(f"{name}: comes from {source}")
    if version(package["rust_version"] or "0") > version(workspace["rust-version"]):
        problems.append(f"{name}: needs Rust {package['rust_version']}, and the workspace promises {workspace['rust-version']}")
print("\n".join(problems) or f"{len(metadata['packages'])} packages: licences, sources and Rust versions are as they must be")
sys.exit(bool(problems))
