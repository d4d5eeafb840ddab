#!/usr/bin/env python3
"""scripts/new-provider in a copy of the tree: what it makes stands in every list, compiles, and is read by the real program. Usage: new_provider.py PROGRAM ROOT COMPILER"""
import os
import shutil
import subprocess
import sys
import tempfile
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../commands"))
from police_site import check, play

ROOT, COMPILER = sys.argv[2], sys.argv[3]


def story(new_site):
    copy = tempfile.mkdtemp(prefix="pingjing-new-")
    try:
        for part in ("daemon", "providers", "templates", "scripts", "tests"):
            shutil.copytree(os.path.join(ROOT, part), os.path.join(copy, part), ignore=shutil.ignore_patterns("node_modules", "data", "__pycache__"))
        in_copy(copy, new_site)
    finally:
        shutil.rmtree(copy)


def in_copy(copy, new_site):
    def run(*arguments):
        return subprocess.run([os.path.join(copy, "scripts/new-provider"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)

    def text(path):
        with open(os.path.join(copy, path), encoding="utf-8") as file:
            return file.read()

    for wrong in (["Aurora"], ["../x"], ["a"], [""], ["twilio"], ["simulated"], ["std"], ["aurora", 'a "b"'], [], ["a1", "b", "c"]):
        before = text("providers/registry.cpp")
        check(run(*wrong).returncode == 1 and text("providers/registry.cpp") == before, "refused, and nothing is changed", wrong)

    done = run("aurora", "Aurora Messaging (晨曦)")
    check(done.returncode == 0, "a new vendor", done.stdout, done.stderr)
    check("aurora:*,contract:*" in done.stdout, "and what to do next", done.stdout)
    check(run("aurora").returncode == 1, "but once")
    for path, line in {"providers/registry.cpp": '{"aurora", "Aurora Messaging (晨曦)", aurora::read},', "providers/CMakeLists.txt": "aurora/aurora.cpp ", "providers/README.md": "| `aurora/` |",
                       "templates/http/README.md": "| `aurora.toml` |", "tests/providers/README.md": "`aurora_test.cpp`", "tests/providers/CMakeLists.txt": "/aurora_test.cpp",
                       "tests/providers/contract.cpp": '{"aurora", Wire::http', "providers/aurora/README.md": "`aurora.hpp`"}.items():
        check(text(path).count(line) == 1, f"{path} has its line", line)
    check(run("zephyr").returncode == 0 and run("tencent2").returncode == 0, "and others after it")

    compiles = [subprocess.Popen([COMPILER, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-Wno-mismatched-new-delete", "-I", copy,
                                  os.path.join(copy, path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                for path in ("providers/aurora/aurora.cpp", "providers/registry.cpp", "tests/providers/aurora_test.cpp")]

    site = new_site()
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        before = file.read().split("[[channel]]")[0]
    preset = os.path.join(copy, "templates/http/aurora.toml")
    site.write("pingjing.toml", before + f'[[channel]]\nname = "a"\nprovider = "http"\npreset = "{preset}"\nurl = "https://sms.example.com/send"\ntoken = "t0k3n"\nsource = "106900110"\n'
               '[channel.values]\naccount = "a1"\n')
    checked = site.run("check").stdout
    check('"account":"a1"' in checked and "t0k3n" not in checked, "the real program reads its preset", checked)

    for compiled in compiles:
        said, _ = compiled.communicate(timeout=240)
        check(compiled.returncode == 0, f"compiles: {compiled.args[-1]}", said)


play(story)
