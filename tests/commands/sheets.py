"""The same report as CSV, workbook and page says the same; the workbook is one that a spreadsheet takes: sheets.py PROGRAM.

With `--office` LibreOffice opens the workbook too, and what it reads is compared (`scripts/test --long sheets`)."""
import base64, csv, hashlib, html.parser, io, json, re, shutil, subprocess, sys, xml.etree.ElementTree as xml, zipfile
from police_site import SKIP, check, play

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
OFFICE = "--office" in sys.argv


def cells(book, sheet):
    """What stands in a sheet: {row: {column: text or number}}, both from 0."""
    shared = ["".join(t.text or "" for t in item.iter(MAIN + "t")) for item in xml.fromstring(book.read("xl/sharedStrings.xml"))]
    found = {}
    for cell in xml.fromstring(book.read(sheet)).iter(MAIN + "c"):
        letters, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r")).groups()
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - 64
        value = cell.find(MAIN + "v")
        if value is not None:
            found.setdefault(int(row) - 1, {})[column - 1] = shared[int(value.text)] if cell.get("t") == "s" else float(value.text)
    return found


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.rows, self.cell, self.tags = [], None, set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.cell = ""

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell)
            self.cell = None


def same(in_table, in_book):
    if in_table == "":
        return in_book is None or in_book == ""
    if isinstance(in_book, float):
        return abs(float(in_table) - in_book) < 1e-6
    return in_table.lstrip("'") == in_book


def read(site, report, form):
    name = site.path(f"report-{report}.{form}")
    site.run("report", report, "--format", form, "-o", name)
    with open(name, "rb") as file:
        return file.read()


def compare(site, report):
    table = list(csv.reader(io.StringIO(read(site, report, "csv").decode("utf-8-sig"))))
    head, rows = table[0], table[1:]
    check(len(rows) > 1, f"{report} has rows to compare", table)
    bytes_ = read(site, report, "xlsx")
    book = zipfile.ZipFile(io.BytesIO(bytes_))
    check(book.testzip() is None, "the workbook is whole")
    sheet = xml.fromstring(book.read("xl/worksheets/sheet1.xml"))
    check(not list(sheet.iter(MAIN + "f")), "no cell is a formula")
    pane = next(sheet.iter(MAIN + "pane"))
    check(pane.get("state") == "frozen" and pane.get("ySplit") == "4", "the head is frozen", pane.attrib)
    filters = next(sheet.iter(MAIN + "autoFilter")).get("ref")
    check(filters.startswith("A4:") and filters.endswith(str(4 + len(rows))), "the head has filters", filters)
    found = cells(book, "xl/worksheets/sheet1.xml")
    first = 4
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if head[c] in ("note", "funnel", "level"):
                continue  # words of the contract there, words for people here
            check(same(value, found.get(first + r, {}).get(c)), f"{report}: row {r}, {head[c]}: the workbook says the same", value, found.get(first + r, {}).get(c))
    page = read(site, report, "html").decode()
    parsed = Page(page)
    check("script" not in parsed.tags and "link" not in parsed.tags and "img" not in parsed.tags, "a page that fetches and runs nothing", parsed.tags)
    shown = [row for row in parsed.rows if row][1:]
    check([row[0] for row in shown] == [row[0] or "-" for row in rows], f"{report}: the page has the same rows", shown[:3], rows[:3])
    eligible = head.index("eligible") if "eligible" in head else None
    if eligible is not None:
        check([row[2] for row in shown] == [row[eligible] for row in rows], f"{report}: the page shows the same counts", shown[:2], rows[:2])
    return bytes_, head, rows


def opened_by_office(site, report, head, rows):
    done = subprocess.run(["soffice", "--headless", "-env:UserInstallation=file://" + site.path("office"), "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false",
                           "--outdir", site.path("opened"), site.path(f"report-{report}.xlsx")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
    said = [line for line in done.stdout.splitlines() if "javaldx" not in line]  # of a Java that nobody needs here
    check(done.returncode == 0 and len(said) == 1 and said[0].startswith("convert "), "LibreOffice opens the workbook without a word", done.stdout)
    with open(site.path(f"opened/report-{report}.csv"), encoding="utf-8", newline="") as file:
        opened = list(csv.reader(file))
    check(len(opened) >= 4 + len(rows), "and reads all of it", len(opened))
    for r, row in enumerate(rows):
        check(same(row[0], opened[4 + r][0]), f"LibreOffice reads row {r}", row[0], opened[4 + r][0])
        c = head.index("eligible")
        check(int(row[c] or 0) == int(opened[4 + r][c] or 0), f"LibreOffice reads {row[0]}'s cases", row[c], opened[4 + r])


def story(new_site):
    if OFFICE and not shutil.which("soffice"):
        print("skipped: no LibreOffice")
        sys.exit(SKIP)
    site = new_site()
    with open(site.path("units.csv"), "a", encoding="utf-8") as units:
        units.write("320102440000,=1+1\n")
    site.init()
    calls = []
    for n in range(40):
        unit = ("320102430000", "320102440000")[n % 2]
        calls.append(site.call(f"C{n}", f"139000{n:05}", unit=unit, officers=[{"badge": f"{n % 3:06}", "role": "lead"}]))
    name = site.path("calls.jsonl")
    with open(name, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(call) + "\n" for call in calls)
    site.run("import", name)

    for report in ("units", "officers"):
        first, head, rows = compare(site, report)
        if OFFICE:
            opened_by_office(site, report, head, rows)
    books = zipfile.ZipFile(io.BytesIO(read(site, "balance", "xlsx")))
    said = {row[1]: row.get(2) for row in cells(books, "xl/worksheets/sheet1.xml").values() if 1 in row}
    check(said["cases"] == 40.0 and said["holds"] == "是 yes", "the books as a workbook", said)

    site.start()
    status, headers, page = site.ask("GET", "/v1/reports/units?format=html", token=site.token)
    style = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    check(status == 200 and headers["Content-Type"] == "text/html; charset=utf-8", "a page over HTTP", status, headers)
    check(f"'sha256-{allowed}'" in headers["Content-Security-Policy"] and "default-src 'none'" in headers["Content-Security-Policy"], "that may use its own style only", headers)
    status, headers, _ = site.ask("GET", "/v1/reports/units?format=xlsx", token=site.token)
    check(status == 200 and headers["Content-Disposition"].endswith('.xlsx"'), "a workbook over HTTP", status, headers)
    site.stop()


if __name__ == "__main__":
    play(story)
