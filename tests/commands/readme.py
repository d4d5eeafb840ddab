#!/usr/bin/env python3
"""The way to a first text, as both READMEs tell it, with `pingjing simulate smpp` in the carrier's place. Usage: readme.py PROGRAM"""
import json, os, re, signal, subprocess, sys, tempfile, textwrap, time
from police_site import PROGRAM, check, until

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
CALL = ("id,state,calling_line,category,unit,reported_at,closed_at\n"
        "J-1,closed,13900000001,010203,320102430000,2026-11-21 08:00:00,2026-11-21 09:00:00\n"
        "J-2,closed,13900000002,090000,320102430000,2026-11-21 08:00:00,2026-11-21 09:00:00\n")


def blocks(readme):
    with open(os.path.join(TOP, readme), encoding="utf-8") as file:
        return [textwrap.dedent(inside) for inside in re.findall(r"^ *```\w*\n(.*?)^ *```$", file.read(), re.M | re.S)]


def walk(readme, folder):
    path = lambda name: os.path.join(folder, name)
    write = lambda name, text: open(path(name), "w", encoding="utf-8").write(text)
    settings = next(block for block in blocks(readme) if block.startswith("[service]"))
    simulator = subprocess.Popen([PROGRAM, "simulate", "smpp", "--listen", "127.0.0.1:0", "--users", "pj:secret77", "--log", path("carrier.jsonl")], stdout=subprocess.PIPE, text=True)
    daemon = None
    try:
        port = simulator.stdout.readline().rsplit(":", 1)[1].strip()
        # Another carrier, and a clock that need not be waited for; all else as it stands there.
        settings = settings.replace("10.0.0.5", "127.0.0.1").replace("2775", port)
        settings = settings.replace("[service]\n", "[service]\ntest_clock = true\n").replace("[survey]\n", '[survey]\nsince = "2026-11-01"\n') + f'\n[http]\nlisten = "unix:{path("http.sock")}"\n'
        write("pingjing.toml", settings)
        write("categories.csv", next(block for block in blocks(readme) if block.startswith("code,name,rule")))
        write("smg.password", "secret77\n")
        write("calls.csv", CALL)
        environment = dict(os.environ, PINGJING_CLOCK="2026-11-21T10:00:00+08:00x1000")

        def run(command, *more):
            done = subprocess.run([PROGRAM, command, "-c", path("pingjing.toml"), *more], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
            check(done.returncode == 0, f"{readme}: `pingjing {command}`", done.stdout, done.stderr)
            return done.stdout

        sent = lambda: [json.loads(line) for line in open(path("carrier.jsonl"), encoding="utf-8") if '"submit"' in line] if os.path.exists(path("carrier.jsonl")) else []
        check("error" not in run("check"), "nothing is wrong with it")
        run("init")
        with open(path("serve.log"), "ab") as log:
            daemon = subprocess.Popen([PROGRAM, "serve", "-c", path("pingjing.toml")], cwd=folder, env=environment, stdout=log, stderr=log)
        until(lambda: os.path.exists(path("state/control.sock")), "the daemon is there")
        answers = run("import", "calls.csv", "--format", "csv")
        check("accepted" in answers and "category:dv" in answers or "dv" in answers, "one is to be asked, one never", answers)
        check("shadow" in run("status"), "status says that nobody is asked yet")
        check("13900000001" not in run("explain", "J-1"), "the story of the call holds no number")
        time.sleep(2)  # half an hour of the site's clock
        check(not sent(), "nobody was", sent())
        write("pingjing.toml", settings.replace('mode = "shadow"', 'mode = "on"'))
        daemon.send_signal(signal.SIGHUP)
        texts = until(sent, "the first text leaves", 60)
        check(len(texts) == 1 and texts[0]["to"].endswith("13900000001"), "to the one who is to be asked", texts)
        daemon.send_signal(signal.SIGTERM)
        check(daemon.wait(timeout=30) == 0, "the daemon stops")
    finally:
        for process in (daemon, simulator):
            if process and process.poll() is None:
                process.kill()
                process.wait()


for readme in ("README.md", "README.zh-CN.md"):
    with tempfile.TemporaryDirectory(prefix="pingjing-") as folder:
        try:
            walk(readme, folder)
        except Exception as failed:
            print(f"FAILED: {failed}")
            if os.path.exists(os.path.join(folder, "serve.log")):
                print(open(os.path.join(folder, "serve.log"), encoding="utf-8").read()[-3000:])
            sys.exit(1)
print("ok")
