#!/usr/bin/env python3
"""A client that is not ours at our simulator: npm's smpp sends texts in three ways, and gets its reports and answers.
Usage: stranger.py PROGRAM   (77: no node, or no npm ci in tests/scenario)"""
import json, os, shutil, signal, subprocess, sys, tempfile

PROGRAM, COUNT = os.path.abspath(sys.argv[1]), 60
here = os.path.dirname(os.path.abspath(__file__))
package = os.path.join(here, "..", "scenario", "node_modules")
if not shutil.which("node"):
    print("skipped: no node (apt-get install nodejs npm)")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)
if not os.path.isdir(os.path.join(package, "smpp")):
    said = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1"], cwd=os.path.join(here, "..", "scenario"), capture_output=True, text=True, timeout=60) if shutil.which("npm") else None
    if not said or said.returncode != 0:
        print("skipped: npm ci in tests/scenario cannot fetch")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)

folder = tempfile.mkdtemp(prefix="pingjing-")
try:
    path = lambda name: os.path.join(folder, name)
    answer = "1 谢谢你们" * 20
    with open(path("citizens.toml"), "w", encoding="utf-8") as out:
        out.write(f'[[rule]]\ntext = "回T退订"\nanswers = ["{answer}"]\nafter_least = "10ms"\nafter_most = "300ms"\n')
    with open(path("habits.toml"), "w", encoding="utf-8") as out:
        out.write('[gateway]\nwindow = 1000\nanswered_ids = "padded"\n[reports]\nafter_least = "10ms"\nafter_most = "300ms"\nspellings = ["padded"]\n')
    # The package is found from where the script lies.
    shutil.copy(os.path.join(here, "stranger.mjs"), path("stranger.mjs"))
    os.symlink(package, path("node_modules"))
    simulator = subprocess.Popen([PROGRAM, "simulate", "smpp", "--log", path("log.jsonl"), "--citizens", path("citizens.toml"), "--faults", path("habits.toml")], stdout=subprocess.PIPE, text=True)
    port = simulator.stdout.readline().rsplit(":", 1)[1].strip()
    client = subprocess.run(["node", path("stranger.mjs"), port, str(COUNT)], stdout=subprocess.PIPE, text=True, timeout=30)
    simulator.send_signal(signal.SIGINT)
    counters, _ = simulator.communicate(timeout=10)
    assert client.returncode == 0, ("the client is not content", client.stdout[-2000:], counters)
    assert simulator.returncode == 0, "the simulator ends in order"
    seen = json.loads(client.stdout)
    with open(path("log.jsonl"), encoding="utf-8") as log:
        lines = [json.loads(line) for line in log]
    ids = [id for all in seen["ids"].values() for id in all]
    assert len(ids) == len(set(ids)) and set(seen["statuses"]) == {0}, "each part has an id of its own"
    assert sorted(ids) == sorted(line["id"] for line in lines if line["kind"] == "submit"), "the ids it was told are those of the log"
    reported = [word[3:] for text in seen["reports"] for word in text.split() if word.startswith("id:")]
    assert sorted(reported) == sorted(ids), ("one report for each", len(reported), len(ids))
    assert all("stat:DELIVRD" in text for text in seen["reports"])
    assert len(seen["answers"]) == COUNT and all(a["text"] == answer and a["to"] == "10690011007" for a in seen["answers"]), "every answer, whole"
    texts = [line for line in lines if line["kind"] == "text"]
    assert len(texts) == COUNT and all(t["question"] and t["text"].endswith("回T退订") for t in texts), "every text, whole"
    print(f"{COUNT} texts in {len(ids)} parts from npm's smpp: {len(reported)} reports, {len(seen['answers'])} answers\nok")
finally:
    shutil.rmtree(folder, ignore_errors=True)
