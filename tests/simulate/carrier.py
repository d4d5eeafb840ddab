"""The carrier's end for the tests: the real `pingjing simulate`, its log, and a site with one channel to it."""
import json, os, re, signal, subprocess, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
from police_site import PATIENCE, PROGRAM, check, free_port, until

CHANNELS = {
    "smpp": 'provider = "smpp"\nsystem_id = "pingjing"\npassword_file = "link.password"',
    "cmpp2": 'provider = "cmpp2"\nsp_id = "901234"\npassword_file = "link.password"',
    "cmpp3": 'provider = "cmpp3"\nsp_id = "901234"\npassword_file = "link.password"\ngbk = true',
    "smgp": 'provider = "smgp"\nclient_id = "901234"\npassword_file = "link.password"',
    "sgip": 'provider = "sgip"\nnode = 3010012345\nlogin_name = "sp"\npassword_file = "link.password"\ncorporation = "12345"\npeers = ["127.0.0.1"]',
}
USERS = {"smpp": "pingjing", "sgip": "sp"}
SECRET = "secret77"


class Simulator:
    """Begun again with start() it goes on in the same log, at the same port."""

    def __init__(self, site, protocol, citizens, faults="", seed=7, user=None, more=(), name="main"):
        self.site, self.protocol, self.seed, self.port, self.process, self.counters = site, protocol, seed, 0, None, {}
        self.name, self.more = name, list(more)
        self.log, self.citizens, self.faults, self.users = (site.path(f"{name}.{end}") for end in ("jsonl", "citizens.toml", "faults.toml", "users"))
        site.write(f"{name}.citizens.toml", citizens)
        site.write(f"{name}.faults.toml", faults)
        site.write(f"{name}.users", f"# who may log in\n{user or USERS.get(protocol, '901234') + ':' + SECRET}\n")
        self.call_back = free_port() if protocol == "sgip" else None
        self.start()

    def start(self):
        more = self.more + (["--call-back", f"127.0.0.1:{self.call_back}"] if self.call_back else [])
        self.process = subprocess.Popen([PROGRAM, "simulate", self.protocol, "--listen", f"127.0.0.1:{self.port}", "--log", self.log, "--citizens", self.citizens, "--faults", self.faults,
                                         "--seed", str(self.seed), "--users-file", self.users, *more],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        check(said.startswith("listening on 127.0.0.1:"), "the simulator says where it listens", said, self.process.stderr.read() if not said else "")
        self.port = int(said.rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=20 * PATIENCE)
        check(self.process.returncode == 0, "the simulator ends in order", out, err)
        self.counters = {name: int(count) for name, count in (line.split() for line in out.splitlines())}
        return self.counters

    def lines(self, kind=None):
        with open(self.log, encoding="utf-8") as log:
            whole = log.read()
        lines = [json.loads(line) for line in whole[:whole.rfind("\n") + 1].splitlines()]
        return [line for line in lines if kind is None or line["kind"] == kind]

    def channel(self, more=""):
        listen = f'listen = "127.0.0.1:{self.call_back}"\n' if self.call_back else ""
        return f'[[channel]]\nname = "{self.name}"\n{CHANNELS[self.protocol]}\n{listen}host = "127.0.0.1"\nport = {self.port}\nsource = "106900110"\nextension_digits = 2\n{more}\n'


def number_of(written):
    """The eleven digits, however a network writes them."""
    return re.sub(r"^(\+|00)?(86)?(?=1[3-9]\d{9}$)", "", written)


def serve_by(site, simulator, more="", survey=""):
    """Makes the simulator the site's only channel, and starts the daemon."""
    site.write("link.password", SECRET + "\n")
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        text = file.read()
    text = text[:text.index("[[channel]]")].replace("[survey]\n", "[survey]\n" + survey) + simulator.channel(more)
    site.write("pingjing.toml", text)
    site.token = site.run("init").stdout.strip()
    site.start()
