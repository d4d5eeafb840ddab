#!/usr/bin/env python3
"""What the 110 system gets back, by a folder and by HTTP, while the daemon is killed in between: nothing is lost, what comes twice is the
same under the same key, and the last word about each case is that of the store. Usage: writeback.py PROGRAM"""
import http.server, json, os, random, time
from police_site import check, listen, play, until

CALLS, KILLS = 24, 3
GRADES = {"1": "satisfied", "2": "basically_satisfied", "3": "dissatisfied"}


class Receiver:
    """The 110 system's end. It refuses some, and hangs up on some that it has taken."""

    def __init__(self):
        self.lines, receiver, luck = [], self, random.Random(5)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                chance = luck.random()
                if chance < 0.1:
                    return self.answer(503)
                receiver.lines.append(body)
                if chance > 0.92:
                    return self.connection.close()
                self.answer(204)

            def answer(self, status):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = listen(Handler)


def in_folder(folder):
    lines = []
    for name in sorted(os.listdir(folder)):
        if not name.startswith("."):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            check(text.endswith("\n"), "a file is whole", name)
            lines += text.splitlines()
    return lines


def killed(site):
    site.daemon.kill()
    site.daemon.wait()
    site.start()


def feed(new_site, how, read):
    luck = random.Random(7)
    site = new_site(more='[writeback]\nratings = "case"\nevery = "1s"\n' + how)
    read_lines = lambda: read(site)
    os.mkdir(site.path("inbox"))
    said = site.run("check").stderr + site.run("check").stdout
    check('ratings = "case"' in said, "`check` says what is chosen", said)
    site.init()
    site.start()
    numbers = {f"c{i}": str(13900000400 + i) for i in range(CALLS)}
    site.post_calls(*(site.call(name, number) for name, number in numbers.items()))
    until(lambda: len(site.carrier.texts) >= CALLS, "everybody is asked")
    answers = {}
    for i, (name, number) in enumerate(numbers.items()):
        answers[name] = luck.choice("123")
        check(site.reply(number, answers[name], f"m{i}", site.carrier.to(number)[0]["from"])[0] == 200, "an answer is taken")
        if i % (CALLS // KILLS) == 2:
            time.sleep(luck.random() * 0.4)
            killed(site)

    def last_words():
        newest = {}
        for line in map(json.loads, read_lines()):
            if line["seq"] >= newest.get(line["case_id"], line)["seq"]:
                newest[line["case_id"]] = line
        return newest

    wanted = {name: GRADES[digit] for name, digit in answers.items()}
    until(lambda: {name: line["satisfaction"] for name, line in last_words().items()} == wanted, "every answer has arrived", 40)
    # A call-back is told too, and the number of it only in part.
    row = next(r for r in json.loads(site.run("followup", "list", "--format", "json").stdout)["followups"])
    site.run("followup", "call", str(row["id"]), "--as", "赵督察", "--outcome", "reached", "--note", "他说等了两个小时")
    killed(site)
    until(lambda: last_words()[row["case_id"]]["calls"] == 1, "the call-back has arrived", 40)
    line = last_words()[row["case_id"]]
    check(line["called_number"] == numbers[row["case_id"]][:3] + "****" + numbers[row["case_id"]][7:], "the number in part", line)
    check(line["text"] is None, "what he said does not leave", line)

    lines = read_lines()
    by_key, by_seq = {}, {}
    for text in lines:
        one = json.loads(text)
        check(by_key.setdefault(one["key"], text) == text, "what comes again is the same", text, by_key[one["key"]])
        check(by_seq.setdefault(one["seq"], one["key"]) == one["key"], "a number has one key", text)
    check(sorted(by_seq) == list(range(1, len(by_seq) + 1)), "no number is missing", sorted(by_seq))
    check(not any(number in text for text in lines for number in numbers.values()), "no number leaves")
    check(len({one["feed"] for one in map(json.loads, lines)}) == 1, "one feed")
    for name, line in last_words().items():
        rating = json.loads(site.run("explain", name, "--format", "json").stdout)["rating"]
        check(line["satisfaction"] in json.dumps(rating), "the store says the same", line, rating)
    check("回写" in site.run("explain", row["case_id"]).stdout, "the case says that it was told")
    check(site.stop() == 0, "the daemon ends")
    check(site.run("verify").stdout.startswith("ok: "), "the ledger holds")
    return len(lines) - len(by_key)


def story(new_site):
    receiver = Receiver()
    feed(new_site, 'to = "file"\nfolder = "inbox"\n', lambda site: in_folder(site.path("inbox")))
    repeats = feed(new_site, f'to = "http"\nurl = "http://127.0.0.1:{receiver.server.server_port}/ratings"\n', lambda site: list(receiver.lines))
    check(repeats > 0, "some came twice: hung up on, or killed in between")
    # By default nothing of a case leaves, and a feed to nowhere is no configuration.
    site = new_site(more='[writeback]\nto = "file"\n')
    check("expected folder" in site.run("check", exit=2).stderr, "a file needs a folder")


play(story)
