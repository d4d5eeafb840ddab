#!/usr/bin/env python3
"""The demonstration ends well, and its last line is the carrier's own count. Usage: demo.py PROGRAM"""
import os, re, sqlite3, subprocess, sys, tempfile

folder = tempfile.mkdtemp(prefix="pingjing-")
told = subprocess.run([sys.argv[1], "demo", "--calls", "80", "--keep", folder], capture_output=True, text=True, timeout=55)
sys.stdout.write(told.stdout + told.stderr)
assert told.returncode == 0 and "核对无误 verified: 680 cases" in told.stdout, told.returncode
store = sqlite3.connect(f"file:{os.path.join(folder, 'state', 'pingjing.db')}?mode=ro", uri=True)
taken, = store.execute("SELECT count(*) FROM messages WHERE purpose = 'survey' AND accepted_at IS NOT NULL").fetchone()
doubtful, = store.execute("SELECT count(*) FROM messages WHERE purpose = 'survey' AND accepted_at IS NULL AND claimed_at IS NOT NULL").fetchone()
questions = int(re.search(r"nobody was asked twice about a call: the carrier took (\d+) questions", told.stdout).group(1))
assert 300 < taken <= questions <= taken + doubtful, (taken, questions, doubtful)
