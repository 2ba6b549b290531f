#!/usr/bin/env python3
"""Writes a bill of materials (CycloneDX 1.5, JSON) of the command: every crate that is compiled into it, with version, licence and checksum.

Usage: python3 scripts/sbom.py > composer.cdx.json      Needs Python 3.11 and cargo; asks nothing of a network that `cargo build` does not.
"""

import json
import subprocess
import tomllib

command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]
metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
lock = tomllib.load(open("Cargo.lock", "rb"))["package"]
checksums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock}


def used(node):
    """What a crate needs when it runs or is built, tests left out."""
    return [dep["pkg"] for dep in node["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]


root = next(package["id"] for package in metadata["packages"] if package["name"] == "composer")
seen, waiting = set(), [root]
while waiting:
    package = waiting.pop()
    if package not in seen:
        seen.add(package)
        waiting += used(nodes[package])


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package):
    entry = {"type": "library", "bom-ref": reference(package), "name": package["name"], "version": package["version"], "purl": reference(package)}
    if package.get("license"):
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return entry


listed = sorted((packages[package] for package in seen if package != root), key=lambda package: (package["name"], package["version"]))
bill = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "metadata": {"component": {**component(packages[root]), "type": "application"}},
    "components": [component(package) for package in listed],
    "dependencies": [
        {"ref": reference(packages[package]), "dependsOn": sorted({reference(packages[dep]) for dep in used(nodes[package])})} for package in sorted(seen)
    ],
}
print(json.dumps(bill, indent=1))
