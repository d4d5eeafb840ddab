#!/usr/bin/env python3
"""Hooks flooded: ten times what is usual, half of it with wrong secrets, and a thousand sockets that send a byte a second.
Usage: flood.py PROGRAM [--seconds 60] [--nominal 100] [--sockets 1000] [--cap-mb 100] [--p99-ms 500]

Usual is one push for each text a channel may send in a second (tps = 100). The good half must lose nothing: what was answered 200 is
in the store, the rest was refused and said so. Prints the latencies of the good half, from the moment each push was due, in the flood
and without it, and the daemon's memory. Who makes the load is other processes; each says how much CPU it took."""
import argparse, asyncio, json, os, resource, sqlite3, subprocess, sys, time, urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))


def percentile(sorted_values, share):
    return round(sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))] * 1000, 1) if sorted_values else None


class Pushes:
    """Pushes at a fixed rate, half of them over connections that are kept, half each over a new one; one that broke is made again. Nobody
    waits for the slow: a push is late from the moment it was due."""

    def __init__(self, o):
        self.o, self.next, self.statuses, self.took, self.broken = o, 0, {}, [], 0

    def request(self, n, last):
        number = 13900000000 + n % self.o.numbers
        query = urllib.parse.urlencode({"id": f"{self.o.name}-{n}", "from": number, "to": "106900110", "ts": 0, "coding": 0, "charset": "UTF-8", "text": "1"})
        return f"GET {self.o.hook}/mo?{query} HTTP/1.1\r\nHost: a\r\n{'Connection: close' if last else 'X: y'}\r\n\r\n".encode()

    async def connection(self, start, count, is_kept):
        reader = writer = None
        while self.next < count:
            n, self.next = self.next, self.next + 1
            due = start + n / self.o.rate
            await asyncio.sleep(max(0, due - time.monotonic()))
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.o.port)
                writer.write(self.request(n, not is_kept))
                head = await reader.readuntil(b"\r\n\r\n")
                status = int(head[9:12])
                length = head.lower().find(b"content-length:")
                if length >= 0:
                    await reader.readexactly(int(head[length + 15 :].split(b"\r\n")[0]))
                self.statuses[status] = self.statuses.get(status, 0) + 1
                self.took.append(time.monotonic() - due)
                if b"Connection: close" in head:
                    writer.close()
                    writer = None
            except (OSError, asyncio.IncompleteReadError):
                self.broken += 1
                writer = None

    async def run(self):
        start = time.monotonic()
        await asyncio.gather(*(self.connection(start, int(self.o.rate * self.o.seconds), c % 2 == 0) for c in range(self.o.connections)))
        self.took.sort()
        return {"pushes": self.next, "statuses": self.statuses, "broken": self.broken, "median_ms": percentile(self.took, 0.5), "p99_ms": percentile(self.took, 0.99),
                "worst_ms": percentile(self.took, 1), "seconds": round(time.monotonic() - start, 1)}


class Drips:
    """Sockets that send a byte a second of something that never becomes a request; whoever is thrown out comes again."""

    def __init__(self, o):
        self.o, self.open, self.most, self.statuses, self.refused, self.bytes = o, 0, 0, {}, 0, 0

    async def drip(self, n, end):
        slow = (f"POST {self.o.hook}/mo HTTP/1.1\r\nHost: a\r\n" + ("Content-Length: 5000\r\n\r\n" if n % 2 else "X: ")).encode() + b"x" * 5000
        while time.monotonic() < end:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.o.port)
            except OSError:
                self.refused += 1
                await asyncio.sleep(1)
                continue
            self.open += 1
            self.most = max(self.most, self.open)
            at = len(slow) - 5000 if n % 2 else 1  # one half with a whole head, the other from the first letter
            try:
                writer.write(slow[:at])
                answer = asyncio.ensure_future(reader.read(4096))
                while time.monotonic() < end and not answer.done():
                    await asyncio.wait([answer], timeout=1)
                    writer.write(slow[at : at + 1])
                    at, self.bytes = at + 1, self.bytes + 1
                said = answer.result() if answer.done() else b""
                status = int(said[9:12]) if said.startswith(b"HTTP/1.1 ") else 0
                self.statuses[status] = self.statuses.get(status, 0) + 1
                answer.cancel()
            except OSError:
                self.statuses[0] = self.statuses.get(0, 0) + 1
            writer.close()
            self.open -= 1

    async def run(self):
        end = time.monotonic() + self.o.seconds
        await asyncio.gather(*(self.drip(n, end) for n in range(self.o.connections)))
        return {"open at once": self.most, "bytes": self.bytes, "answers": self.statuses, "could not connect": self.refused}


def live_as_child(options):
    o = argparse.Namespace(**json.loads(options))
    result = asyncio.run((Drips if o.name == "slow" else Pushes)(o).run())
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps(dict(result, cpu_seconds=round(used.ru_utime + used.ru_stime, 1))))


class Child:
    def __init__(self, **options):
        self.name = options["name"]
        self.process = subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__), "--child", json.dumps(options)], stdout=subprocess.PIPE, text=True)

    def result(self):
        out, _ = self.process.communicate(timeout=600)
        if self.process.returncode != 0:
            raise RuntimeError(f"the load '{self.name}' failed")
        return json.loads(out)


def memory_mb(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(key + ":"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kept(site):
    db = sqlite3.connect(f"file:{site.state}/pingjing.db?mode=ro", uri=True)
    count = db.execute("SELECT count(*) FROM inbound").fetchone()[0]
    db.close()
    return count


def story_of(o):
    from police_site import check, until

    def story(new_site):
        site = new_site(speed=1000)
        site.init()
        site.start()
        numbers = 150  # one batch of calls, below the body limit of the site
        site.post_calls(*(site.call(f"flood-{n}", str(13900000000 + n)) for n in range(numbers)))
        until(lambda: len(site.carrier.texts) >= numbers, "everybody is asked", 60)
        wrong = site.hook.rsplit("/", 1)[0] + "/" + "x" * 32
        common = {"port": site.port, "numbers": numbers}
        good = lambda name, rate, seconds: Child(name=name, hook=site.hook, rate=rate, seconds=seconds, connections=8, **common)

        calm = good("calm", o.nominal, max(5, o.seconds // 3)).result()
        before, cpu, resting = kept(site), cpu_seconds(site.daemon.pid), memory_mb(site.daemon.pid, "VmRSS")
        check(before == calm["statuses"]["200"], "what was answered 200 without a flood is kept", before, calm)

        half = 5 * o.nominal
        load = [good("good", half, o.seconds), Child(name="wrong", hook=wrong, rate=half, seconds=o.seconds, connections=8, **common)]
        if o.sockets:
            load.append(Child(name="slow", hook=site.hook, seconds=o.seconds, connections=o.sockets, **common))
        results = {child.name: child.result() for child in load}
        peak, used = memory_mb(site.daemon.pid, "VmHWM"), cpu_seconds(site.daemon.pid) - cpu
        flood, after = results["good"], kept(site)
        print(f"usual, {o.nominal}/s: {calm}")
        for name, result in results.items():
            print(f"flood, {name}: {result}")
        print(f"p99 of a good push: {calm['p99_ms']} ms as usual, {flood['p99_ms']} ms in the flood")
        print(f"daemon: {resting:.0f} MB before, {peak:.0f} MB at most (cap {o.cap_mb}), {used:.1f} s CPU in {o.seconds} s")

        answered, refused = flood["statuses"].get("200", 0), flood["pushes"] - flood["statuses"].get("200", 0)
        print(f"kept {after - before} of {answered} that were answered 200; {refused} good ones were refused or broken")
        check(answered <= after - before <= answered + refused, "what was answered 200 is kept, and nothing else")
        check(set(results["wrong"]["statuses"]) <= {"404", "503"}, "who does not know the secret learns nothing", results["wrong"])
        check(refused <= flood["pushes"] // 1000, "the good ones are heard in the flood", flood)
        check(flood["p99_ms"] <= o.p99_ms, "and soon", flood)
        check(peak <= o.cap_mb, "memory stays under its cap")
        check(not o.sockets or results["slow"]["open at once"] >= o.sockets * 9 // 10, "the slow ones were there", results.get("slow"))
        until(lambda: site.ask("GET", "/readyz")[0] == 200, "it is ready again")
        check(site.books()["holds"], "the books balance", site.books())
        check(site.stop() == 0, "and it stops")

    return story


def main():
    if sys.argv[1:2] == ["--child"]:
        return live_as_child(sys.argv[2])
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--nominal", type=int, default=100)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--cap-mb", type=int, default=100)
    parser.add_argument("--p99-ms", type=int, default=500)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # of systemd a daemon has 16384 (LimitNOFILE), of a shell 1024
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    from police_site import play

    play(story_of(options))


main()
