#!/usr/bin/env python3
"""Many links at once, each with texts under way: every text gets its answer and its report on its own link, and whoever sends
garbage, half a frame or nothing at all disturbs nobody. Usage: many.py PROGRAM [LINKS] [TEXTS]"""
import asyncio, json, os, shutil, signal, struct, subprocess, sys, tempfile, time

PROGRAM, LINKS, TEXTS = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200, int(sys.argv[3]) if len(sys.argv) > 3 else 20
RESPONSE = 0x80000000


def pdu(command, number, body=b""):
    return struct.pack(">IIII", 16 + len(body), command, 0, number) + body


async def link(port, n, seen):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def hear():
        length, command, status, number = struct.unpack(">IIII", await reader.readexactly(16))
        return command, status, number, await reader.readexactly(length - 16)

    writer.write(pdu(9, 1, b"pingjing\0secret\0\0\x34\0\0\0"))
    command, status, _, _ = await hear()
    assert (command, status) == (9 | RESPONSE, 0), "let in"
    for i in range(TEXTS):
        to = f"139{n:04}{i:04}".encode()
        writer.write(pdu(4, 2 + i, b"\0\0\1" + b"1069001100\0" + b"\0\1" + to + b"\0" + b"\0\0\0\0\0\1\0\0\0\5hello"))
    ids, reported = set(), set()
    while len(reported) < TEXTS:
        command, status, number, body = await hear()
        if command == 4 | RESPONSE:
            assert status == 0, status
            ids.add(body[:-1])
        elif command == 5:
            writer.write(pdu(5 | RESPONSE, number, b"\0"))
            reported.add(body[body.index(b"id:") + 3:].split(b" ")[0])
    assert ids == reported, "each report on the link of its text"
    seen.update(ids)
    writer.write(pdu(6, 9999))
    assert (await hear())[0] == 6 | RESPONSE
    writer.close()


async def nuisance(port, octets):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    await asyncio.sleep(1)
    writer.close()


async def all_of_them(port):
    seen = set()
    rude = [b"", b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\x08\0\0\0\4", b"\xff" * 4000, pdu(4, 1)[:15], pdu(9, 1, b"pingjing\0wrong\0\0\x34\0\0\0"), pdu(0x1234, 1), b"\0"]
    await asyncio.gather(*(link(port, n, seen) for n in range(LINKS)), *(nuisance(port, octets) for octets in rude))
    assert len(seen) == LINKS * TEXTS, "each text has an id of its own"


folder = tempfile.mkdtemp(prefix="pingjing-")
try:
    path = lambda name: os.path.join(folder, name)
    with open(path("habits.toml"), "w", encoding="utf-8") as out:
        out.write(f"[gateway]\nlinks = {LINKS}\nwindow = {TEXTS}\ndelivery_window = {TEXTS}\nlatency_most = \"20ms\"\n[reports]\nafter_least = \"10ms\"\nafter_most = \"100ms\"\n")
    simulator = subprocess.Popen([PROGRAM, "simulate", "smpp", "--log", path("log.jsonl"), "--faults", path("habits.toml")], stdout=subprocess.PIPE, text=True)
    port = int(simulator.stdout.readline().rsplit(":", 1)[1])
    began = time.monotonic()
    asyncio.run(asyncio.wait_for(all_of_them(port), 40))
    took = time.monotonic() - began
    simulator.send_signal(signal.SIGTERM)
    out, _ = simulator.communicate(timeout=10)
    assert simulator.returncode == 0, "the simulator ends in order"
    counters = {name: int(count) for name, count in (line.split() for line in out.splitlines())}
    assert counters["submits"] == counters["taken"] == counters["reports_taken"] == LINKS * TEXTS, counters
    assert counters["logins"] == LINKS and counters["logins_refused"] == 1, counters
    with open(path("log.jsonl"), encoding="utf-8") as log:
        kinds = [json.loads(line)["kind"] for line in log]
    assert kinds.count("submit") == kinds.count("response") == kinds.count("text") == LINKS * TEXTS, "the log is whole"
    print(f"{LINKS} links, {LINKS * TEXTS} texts answered and reported on in {took:.1f} s\nok")
finally:
    shutil.rmtree(folder, ignore_errors=True)
