#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/intake/document_file.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/site_rules.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::commands {
namespace {

struct Totals { long accepted = 0, updated = 0, unchanged = 0, excluded = 0, rejected = 0; };

// A cell as CSV wants it, and harmless in a spreadsheet.
std::string cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + '"';
}

void tell(const std::vector<intake::RowAnswer>& answers, Totals& totals) {
    for (const auto& a : answers) {
        fmt::print("{},{},{},{}\n", a.line, cell(a.id), a.outcome, cell(a.reason));
        ++(a.outcome == "accepted" ? totals.accepted : a.outcome == "updated" ? totals.updated : a.outcome == "unchanged" ? totals.unchanged
           : a.outcome == "rejected" ? totals.rejected : totals.excluded);
    }
}

// Thrown to take a dry run back.
struct DryRun {};

class Importer {
public:
    Importer(Site& site, const eligibility::SiteRules& rules, const ImportOptions& options, intake::RecordRules records)
        : site_(site), rules_(rules), options_(options), records_(std::move(records)) {}

    // False: the file could not be read to its end, said on stderr.
    bool file(const std::string& name) {
        auto opened = intake::DocumentFile::open(name, {.lines = options_.format == "jsonl", .encoding = options_.encoding, .mapping = options_.mapping});
        if (!opened) return refuse(opened.error().detail);
        auto& reading = *opened;
        bool shows = isatty(STDERR_FILENO) != 0;
        for (;;) {
            auto piece = reading.next();
            if (shows) fmt::print(stderr, "\r\033[K");
            if (!piece) return refuse(piece.error().detail);
            if (!*piece) return true;
            if (shows) fmt::print(stderr, "{}: {} MiB", name, reading.bytes_read() >> 20);
            if (!take(reading.document(**piece), name)) return false;
        }
    }

    Totals totals{};
    store::Connection* dry = nullptr;  // the one transaction of a dry run

private:
    static bool refuse(const std::string& why) {
        fmt::print(stderr, "{}\n", why);
        return false;
    }

    bool take(const intake::Document& document, const std::string& name) {
        std::vector<intake::ParsedRow> rows;
        auto read = intake::read_document(document, records_, [&](intake::ParsedRow row) { rows.push_back(std::move(row)); });
        if (!read) return refuse(fmt::format("{}: {}", name, read.error().detail));
        for (std::size_t first = 0; first < rows.size(); first += intake::rows_per_commit) {
            auto batch = std::span<const intake::ParsedRow>(rows).subspan(first, std::min(intake::rows_per_commit, rows.size() - first));
            std::vector<intake::RowAnswer> answers;
            auto work = [&](store::Connection& db) { answers = intake::take_batch(db, site_.seal, random_, rules_, batch, "import", records_.now); };
            if (dry) work(*dry);
            else site_.store->run_now(work);
            tell(answers, totals);
        }
        return true;
    }

    Site& site_;
    const eligibility::SiteRules& rules_;
    const ImportOptions& options_;
    intake::RecordRules records_;
    SystemRandom random_;
};

}  // namespace

int import(const std::string& config, const ImportOptions& options) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto site = open_site(std::move(*settings));
    if (!site) return 1;
    Instant initialised;
    site->store->run_now([&](store::Connection& db) { initialised = initialised_at(db); });
    auto rules = site_rules(site->settings, site->seal, initialised);
    if (!rules) {
        fmt::print(stderr, "{}\n", rules.error().detail);
        return 2;
    }
    auto records = record_rules(site->settings, site->clock->now());
    Importer importer(*site, *rules, options, records);
    bool whole = true;
    fmt::print("line,id,outcome,reason\n");
    auto all = [&] {
        for (const auto& name : options.files) whole = importer.file(name) && whole;
    };
    try {
        if (!options.dry_run) {
            all();
        } else {
            auto work = [&](store::Connection& db) {
                importer.dry = &db;
                all();
                throw DryRun();
            };
            site->store->run_now(work);
        }
    } catch (const DryRun&) {  // nothing was stored, as was asked
    } catch (const store::SqlError& error) {
        fmt::print(stderr, "{}; what was printed before is stored, sending everything again is safe\n", error.what());
        return 1;
    }
    const auto& t = importer.totals;
    fmt::print(stderr, "accepted {}, updated {}, unchanged {}, excluded {}, rejected {}\n", t.accepted, t.updated, t.unchanged, t.excluded, t.rejected);
    return whole && !(options.strict && t.rejected > 0) ? 0 : 1;
}

int optout_import(const std::string& config, const std::string& file) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto site = open_site(std::move(*settings));
    if (!site) return 1;
    std::ifstream in(file);
    if (!in) {
        fmt::print(stderr, "cannot read {}\n", file);
        return 1;
    }
    long added = 0, known = 0, bad = 0, number = 0;
    auto work = [&](store::Connection& db) {
        for (std::string line; std::getline(in, line);) {
            ++number;
            while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
            if (line.empty() || line[0] == '#') continue;
            if (auto phone = Phone::mobile(line)) ++(store::record_opt_out(db, site->seal, *phone, true, "import", "", site->clock->now()) ? added : known);
            else fmt::print(stderr, "{}:{}: expected a mobile number\n", file, number), ++bad;
        }
    };
    site->store->run_now(work);
    fmt::print(stderr, "added {}, known {}, not a number {}\n", added, known, bad);
    return bad ? 1 : 0;
}

}  // namespace pingjing::commands
