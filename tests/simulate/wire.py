#!/usr/bin/env python3
"""What the daemon and the simulator say to each other, in the eyes of Wireshark: not one malformed packet, and as many PDUs of each kind as
the simulator wrote down. Usage: wire.py PROGRAM smpp|cmpp3"""
import os, shutil, socket, struct, subprocess, sys, threading, time
from carrier import Simulator, serve_by
from police_site import check, play, until

PROTOCOL, CALLS = sys.argv[2], 60
DISSECTOR, KIND = {"smpp": ("smpp", "smpp.command_id"), "cmpp3": ("cmpp", "cmpp.Command_Id")}[PROTOCOL]
SUBMIT, DELIVER, LOGIN = 4, 5, {"smpp": 9, "cmpp3": 1}[PROTOCOL]
CITIZENS = '''
[[rule]]
text = "回T退订"
answers = ["1", "不对,是3 😀", "%s"]
after_least = "50ms"
after_most = "100ms"
between_least = "50ms"
between_most = "100ms"
''' % ("等了两个小时,打了三次电话才来,来了以后态度也不好。" * 5)
HABITS = '[reports]\nafter_least = "50ms"\nafter_most = "100ms"\n[reports.states]\nDELIVRD = 80\nUNDELIV = 20\n'


class Recorder:
    """Between the two; whatever passes is kept as a capture file of TCP over IPv4 (LINKTYPE_RAW, draft-ietf-opsawg-pcap)."""

    def __init__(self, port):
        self.to, self.packets, self.lock, self.connections = port, [], threading.Lock(), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            self.connections += 1
            sent = {True: 0, False: 0}
            for forth, source, sink in ((True, client, server), (False, server, client)):
                threading.Thread(target=self.pass_on, args=(self.connections, sent, forth, source, sink), daemon=True).start()

    def pass_on(self, connection, sent, forth, source, sink):
        try:
            while piece := source.recv(1400):
                with self.lock:
                    self.keep(connection, sent, forth, piece)
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def keep(self, connection, sent, forth, piece):
        ports = (40000 + connection, self.to) if forth else (self.to, 40000 + connection)
        tcp = struct.pack(">HHIIBBHHH", *ports, 1 + sent[forth], 1 + sent[not forth], 5 << 4, 0x18, 65535, 0, 0)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(piece), len(self.packets) & 0xFFFF, 0, 64, 6, 0, *((bytes([10, 0, 0, 1 if own else 2]) for own in (forth, not forth))))
        self.packets.append((time.time(), ip + tcp + piece))
        sent[forth] += len(piece)

    def write(self, path):
        with self.lock, open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
            for at, packet in self.packets:
                out.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(packet), len(packet)) + packet)


def tshark(capture, port, *more):
    done = subprocess.run(["tshark", "-n", "-r", capture, "-d", f"tcp.port=={port},{DISSECTOR}", *more], capture_output=True, text=True, timeout=50)
    check(done.returncode == 0, "tshark reads the capture", done.stderr)
    return done.stdout


def story(new_site):
    site = new_site()
    simulator = Simulator(site, PROTOCOL, CITIZENS, HABITS)
    recorder = Recorder(simulator.port)
    real, simulator.port = simulator.port, recorder.port
    serve_by(site, simulator, "tps = 500")
    simulator.port = real
    site.post_calls(*[site.call(f"call-{n}", f"139{n:08}") for n in range(CALLS)])
    until(lambda: site.books()["delivered"] + site.books()["failed"] == CALLS and len(simulator.lines("citizen")) == 3 * site.books()["delivered"], "all is said", 40)
    check(site.stop() == 0, "the daemon stops")
    counters = simulator.stop()
    capture = site.path("wire.pcap")
    recorder.write(capture)

    wrong = tshark(capture, real, "-Y", "_ws.malformed || _ws.expert.severity == error")
    check(wrong == "", "nothing is malformed", wrong)
    seen = {}
    for kind in tshark(capture, real, "-T", "fields", "-e", KIND).replace(",", "\n").split():
        seen[int(kind, 0)] = seen.get(int(kind, 0), 0) + 1
    told = {"login": seen[LOGIN], "submit": seen[SUBMIT], "deliver": seen[DELIVER]}
    check(seen[SUBMIT] == seen[0x80000000 + SUBMIT] == counters["texts"], "each text has its PDU and its answer", seen, counters)
    check(seen[DELIVER] == seen[0x80000000 + DELIVER] == counters["reports"] + counters["replies"] > 4 * CALLS, "so has each report and each part of a reply", seen, counters)
    print(f"{len(recorder.packets)} packets by tshark, none malformed: {told}; {counters}")


if __name__ == "__main__":
    if not shutil.which("tshark"):
        print("skipped: no tshark here")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    play(story)
