#!/usr/bin/env python3
"""Who has nothing but the program learns all of the simulator by `simulate --help`: the guide of its folder stands there, without the marks
around its examples, and an example of the help works as it stands. Usage: help.py PROGRAM GUIDE"""
import json, os, re, signal, subprocess, sys, tempfile

PROGRAM, GUIDE = sys.argv[1], sys.argv[2]
out = subprocess.run([PROGRAM, "simulate", "--help"], capture_output=True, text=True, timeout=30)
assert out.returncode == 0, out.stderr
with open(GUIDE, encoding="utf-8") as file:
    guide = file.read()
guide = guide[guide.index("## How it is used"):]
missing = [line for line in guide.splitlines() if not line.startswith("```") and line not in out.stdout]
assert not missing, missing
for option in ("--listen", "--log", "--citizens", "--faults", "--seed", "--users", "--users-file", "--tls-cert", "--tls-key", "--call-back"):
    assert option in out.stdout, option

with tempfile.TemporaryDirectory() as folder:
    # The examples of citizens and faults, as they are printed.
    rules = re.search(r'\[\[rule\]\]\ntext = "STOP.*?answers = \[\]\n', out.stdout, re.S).group(0)
    faults = re.search(r'\[\[fault\]\]                     # ten texts.*?code = 8\n', out.stdout, re.S).group(0)
    for name, text in (("people.toml", rules), ("bad-day.toml", faults)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    command = re.search(r"^pingjing (simulate smpp .*--seed 7)$", out.stdout, re.M).group(1).replace("2775", "0").split()
    process = subprocess.Popen([PROGRAM, *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = process.stderr.readline()
    assert said.startswith("listening on 127.0.0.1:"), said
    # At once: who reads where it listens may end it in order.
    process.send_signal(signal.SIGTERM)
    log, rest = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    # Its sample lines are JSON with fields that the table names.
    for line in re.findall(r'^\{"time".*$', out.stdout, re.M):
        assert json.loads(line)["kind"] in ("submit", "report")
