#!/usr/bin/env python3
"""A second pingjing on a state_dir that is in use: refused, in words, whatever was done to the lock, and the first goes on as if nothing
had happened. Commands reach the first, or are refused. Usage: second_daemon.py PROGRAM"""
import json, os, subprocess, threading
from police_site import PROGRAM, check, free_port, play, until


def story(new_site):
    site = new_site()
    site.init()
    site.start()
    number = lambda n: str(13_900_000_000 + n)
    asked = lambda: [t["to"] for t in site.carrier.texts if "回复" in t["text"]]
    site.post_calls(*(site.call(f"call-{n}", number(n)) for n in range(10)))
    until(lambda: len(asked()) == 10, "the first asks ten")
    copy = site.path("copy.db")
    site.run("backup", copy)
    pid, socket_file, lock = site.daemon.pid, os.path.join(site.state, "control.sock"), os.path.join(site.state, "lock")

    def still_alone(what):
        check(site.daemon.poll() is None and site.answers(), what + ": the first lives")
        check(os.path.exists(socket_file) and "running" in site.run("status").stdout, what + ": and is reached")

    def refused(what, command, *arguments, config="pingjing.toml"):
        done = subprocess.run([PROGRAM, command, "-c", site.path(config), *arguments], env=site.environment, cwd=site.folder, capture_output=True, text=True, timeout=30)
        check(done.returncode == 1 and "lock is held" in done.stderr, f"{what}: `{command}` is refused", done.returncode, done.stdout, done.stderr)

    refused("beside the first", "serve")
    still_alone("a second serve")
    refused("beside the first", "restore", copy)
    refused("beside the first", "init")
    still_alone("restore and init")

    # Another configuration with the same state, on another port, through another name of the folder.
    os.symlink(site.state, site.path("other name"))
    with open(site.path("pingjing.toml"), encoding="utf-8") as own:
        text = own.read().replace(f'state_dir = "{site.state}"', f'state_dir = "{site.path("other name")}"').replace(f"127.0.0.1:{site.port}", f"127.0.0.1:{free_port()}")
    site.write("other.toml", text)
    refused("by another name", "serve", config="other.toml")
    still_alone("another configuration")

    # Somebody "cleans up" the lock: the folder itself is locked too.
    os.remove(lock)
    refused("without the lock file", "serve")
    refused("without the lock file", "restore", copy)
    still_alone("the lock was deleted")

    # Commands through the daemon, several at once: each row is in the books once.
    for n in range(3):
        site.write(f"calls-{n}.jsonl", "".join(json.dumps(site.call(f"file-{k}", number(100 + k))) + "\n" for k in range(30)))
    answers = [None] * 3

    def import_one(n):
        answers[n] = site.run("import", site.path(f"calls-{n}.jsonl"), "--format", "jsonl").stdout

    imports = [threading.Thread(target=import_one, args=(n,)) for n in range(3)]
    for one in imports:
        one.start()
    site.run("verify")
    site.run("report", "officers")
    site.run("export", "--out", site.path("exports"))
    for one in imports:
        one.join()
    outcomes = [json.loads(line)["outcome"] for text in answers for line in text.splitlines()]
    check(sorted(set(outcomes)) == ["accepted", "unchanged"] and outcomes.count("accepted") == 30, "three imports of the same calls beside the daemon", outcomes.count("accepted"))
    until(lambda: len(asked()) == 40, "they are asked")

    # Nobody reaches the first: then nobody else touches its store.
    os.rename(socket_file, site.path("sock"))
    for command in (["hold", "--reason", "x"], ["status"], ["import", site.path("calls-0.jsonl")], ["token", "create", "--scope", "desk"], ["optout", "add", number(1)], ["verify"]):
        refused("without the socket", *command)
    os.rename(site.path("sock"), socket_file)
    still_alone("the socket was away")

    check(site.daemon.pid == pid and len(asked()) == len(set(asked())) == 40, "nobody was asked twice", len(asked()))
    check(site.books()["cases"] == 40 and site.books()["holds"], "the books hold", site.books())
    check(site.stop() == 0, "the first stops")
    site.run("verify")


play(story)
