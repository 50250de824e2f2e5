# SPDX-License-Identifier: MIT
"""Which peers this machine has; DuckDB and Polars are fetched by npm."""
import json
import os
import shutil
import subprocess

INSTALL_TIMEOUT_S = 300


def find(where, note):
    """name: version of all that are there; note(text) is told of the others."""
    versions = {}
    find_packages(where, versions, note)
    for name in ("numpy", "pandas"):
        run = subprocess.run(["/usr/bin/python3", "-c", f"print(__import__('{name}').__version__)"],
                             capture_output=True, text=True)
        if run.returncode:
            note(f"{name}: skipped, Debian's python3-{name} is not installed")
        else:
            versions[name] = run.stdout.strip()
    if shutil.which("zsv"):
        run = subprocess.run(["zsv", "version"], capture_output=True, text=True)
        versions["zsv"] = (run.stdout + run.stderr).strip().split("\n")[0]
    else:
        note("zsv: skipped, not installed")
    return versions


def find_packages(where, versions, note):
    if not shutil.which("node") or not shutil.which("npm"):
        return note("DuckDB and Polars: skipped, node and npm are not installed")
    node = subprocess.run(["node", "-p", "process.versions.node"], capture_output=True, text=True)
    versions["node"] = node.stdout.strip()
    # Polars names its newer builds for node 22 and later only; npm passes them over on others.
    is_new = int(versions["node"].split(".")[0]) >= 22
    wanted = {"@duckdb/node-api": "1.5.6-r.1", "nodejs-polars": "0.26.1" if is_new else "0.24.1"}
    problem = install(where, json.dumps({"private": True, "dependencies": wanted}, indent=2) + "\n")
    if problem:
        return note(f"DuckDB and Polars: skipped, npm install: {problem}")
    for peer, name in (("duckdb", "@duckdb/node-api"), ("polars", "nodejs-polars")):
        run = subprocess.run(["node", "-e", f"require('{name}')"], cwd=where, capture_output=True)
        if run.returncode:
            note(f"{peer}: skipped, {name} {wanted[name]} does not load on this machine")
        else:
            versions[peer] = wanted[name]
    return None


def install(where, manifest):
    """What went wrong, or None. Nothing is done when this manifest was installed before."""
    done = os.path.join(where, "installed")
    os.makedirs(where, exist_ok=True)
    if os.path.exists(done):
        with open(done, encoding="utf-8") as file:
            if file.read() == manifest:
                return None
    with open(os.path.join(where, "package.json"), "w", encoding="utf-8") as file:
        file.write(manifest)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        run = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f"stopped after {INSTALL_TIMEOUT_S} s"
    if run.returncode:
        return (run.stderr.strip() or "failed").split("\n")[0]
    with open(done, "w", encoding="utf-8") as file:
        file.write(manifest)
    return None
