#!/usr/bin/env python3
"""The simulator over TLS, its secrets in a file: a day by it, while somebody knocks without TLS and somebody says nothing; what is wrong
with certificates and users is said without a secret. Usage: tls.py PROGRAM"""
import shutil, socket, subprocess, sys
from carrier import SECRET, Simulator, serve_by
from police_site import PROGRAM, SKIP, check, play, until

CALLS = 20
CITIZENS = '[[rule]]\ntext = "回T退订"\nanswers = ["1"]\nafter_least = "50ms"\nafter_most = "200ms"\n[[rule]]\nanswers = []\n'
HABITS = '[reports]\nafter_least = "50ms"\nafter_most = "200ms"\n'


def certificate(site, name, host):
    key, cert = site.path(f"{name}.key"), site.path(f"{name}.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=centre", "-addext", f"subjectAltName={host}",
                    "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=30)
    return cert, key


def refused(site, expected, *arguments):
    done = subprocess.run([PROGRAM, "simulate", *arguments, "--log", site.path("unused.jsonl")], capture_output=True, text=True, timeout=20)
    check(done.returncode == 2 and expected in done.stderr, f"it says what is wrong: {expected}", arguments, done)
    check("hush" not in done.stderr + done.stdout, "and no secret", done.stderr)


def story(new_site):
    site = new_site()
    cert, key = certificate(site, "centre", "IP:127.0.0.1")
    site.write("one", "pingjing:hush\nhush\n")
    site.write("none", "# nobody\n\n")
    refused(site, f"{site.path('one')}:2: expected NAME:SECRET", "smpp", "--users-file", site.path("one"))
    refused(site, "expected a line NAME:SECRET", "smpp", "--users-file", site.path("none"))
    refused(site, "cannot read", "smpp", "--users-file", site.path("nowhere"))
    refused(site, "--users: expected NAME:SECRET", "smpp", "--users", ":hush")
    refused(site, "expected both or none", "smpp", "--tls-cert", cert)
    refused(site, "cannot load", "smpp", "--tls-cert", cert, "--tls-key", site.path("one"))
    refused(site, "cmpp3 knows no TLS", "cmpp3", "--tls-cert", cert, "--tls-key", key)

    simulator = Simulator(site, "smpp", CITIZENS, HABITS, more=["--tls-cert", cert, "--tls-key", key])
    try:
        with open(f"/proc/{simulator.process.pid}/cmdline", "rb") as line:
            check(SECRET.encode() not in line.read(), "who sees the processes sees no secret")
        plain, silent = (socket.create_connection(("127.0.0.1", simulator.port)) for _ in range(2))
        plain.sendall(bytes.fromhex("00000010000000150000000000000001"))
        serve_by(site, simulator, f'tls = true\ntls_ca = "{cert}"\nlinks = 2\n')
        site.post_calls(*[site.call(f"call-{n}", f"139{n:08}") for n in range(CALLS)])
        until(lambda: site.books()["rated"] == CALLS, "everybody is asked and answers")
        plain.settimeout(10)
        try:
            while plain.recv(4096):
                pass  # an alert of TLS, which says nothing to him
        except ConnectionError:
            pass
        odd = until(lambda: simulator.lines("odd"), "who speaks no TLS is in the log")
        check("TLS" in odd[0]["why"] and odd[0]["peer"].startswith("127.0.0.1:"), "with his address", odd)
        for socket_ in (plain, silent):
            socket_.close()
        check(site.stop() == 0, "the daemon stops")
        counters = simulator.stop()
        check(counters["logins"] == counters["connections"] == 2 and counters["replies_taken"] == CALLS, "two links, and nobody else", counters)
    finally:
        if simulator.process.poll() is None:
            simulator.process.kill()

    other, _ = certificate(site, "other", "IP:127.0.0.1")
    simulator = Simulator(site, "smpp", CITIZENS, HABITS, more=["--tls-cert", cert, "--tls-key", key])
    try:
        with open(site.path("pingjing.toml"), encoding="utf-8") as file:
            text = file.read()
        site.write("pingjing.toml", text[:text.index("[[channel]]")] + simulator.channel(f'tls = true\ntls_ca = "{other}"\n'))
        site.start()
        until(lambda: "TLS: certificate verify failed" in site.said(), "a centre whose certificate nobody vouches for is not believed")
        check(simulator.lines("login")[-1:] == simulator.lines("login")[1:2], "and hears no password", simulator.lines("login"))
        check(site.stop() == 0, "the daemon stops")
        check("logins" not in simulator.stop(), "nobody logged in")
    finally:
        if simulator.process.poll() is None:
            simulator.process.kill()


if __name__ == "__main__":
    if not shutil.which("openssl"):
        print("skipped: no openssl here, which makes the certificates")
        sys.exit(SKIP)
    play(story)
