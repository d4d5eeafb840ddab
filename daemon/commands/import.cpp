#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/line.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/core/signed_note.hpp"
#include "daemon/intake/document_file.hpp"
#include "daemon/site_rules.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

struct Totals { long accepted = 0, updated = 0, unchanged = 0, excluded = 0, rejected = 0; };

// A cell as CSV wants it.
std::string cell(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string out = "\"";
    for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + '"';
}

constexpr std::int64_t largest_dry_run = 45 << 20;  // what the control socket takes, in base64

class Importer {
public:
    Importer(Line& line, const ImportOptions& options, std::size_t longest_json)
        : line_(line), options_(options), longest_json_(longest_json) {}

    // 0, or the exit code of a file that could not be read to its end or of a store that failed; said on stderr.
    int file(const std::string& name) {
        return read(name, [&](const intake::Document& document) { return take(document, name); });
    }

    // All of them at once: their rows are taken back at the end, and later ones must have seen the earlier ones.
    int try_out(const std::vector<std::string>& names) {
        json::array documents;
        std::vector<std::string> of;
        std::int64_t size = 0;
        int failed = 0;
        for (const auto& name : names) {
            auto keep = [&](const intake::Document& d) {
                size += static_cast<std::int64_t>(d.bytes.size());
                if (size > largest_dry_run) return refuse(fmt::format("{}: a dry run takes at most {} MiB at once; split the files", name, largest_dry_run >> 20));
                documents.push_back(json::object{{"bytes", to_base64(d.bytes)}, {"content_type", d.content_type}, {"charset", d.charset}, {"mapping", d.mapping}, {"first_line", d.first_line}});
                of.push_back(name);
                return 0;
            };
            if (int code = read(name, keep)) failed = code;
            if (size > largest_dry_run) return failed;
        }
        if (documents.empty()) return failed;
        auto answer = line_.ask("POST", "/control/dry-run", json::serialize(documents), "application/json");
        if (!answer.ok()) {
            complain(answer);
            return 1;
        }
        auto parsed = json::parse(answer.body);
        std::size_t n = 0;
        for (const auto& one : parsed.at("documents").as_array()) {
            const auto& name = of.at(n++);
            if (const auto* results = one.as_object().if_contains("results"))
                for (const auto& row : results->as_array()) tell(row.as_object());
            else failed = refuse(fmt::format("{}: {}", name, std::string_view(one.at("detail").as_string())));
        }
        return failed;
    }
    Totals totals{};

private:
    template <class Take>
    int read(const std::string& name, Take&& take_piece) {
        intake::FileForm form{.longest_json = longest_json_, .encoding = options_.encoding, .mapping = options_.mapping};
        auto opened = intake::DocumentFile::open(name, std::move(form));
        if (!opened) return refuse(opened.error().detail);
        auto& reading = *opened;
        bool shows = isatty(STDERR_FILENO) != 0;
        for (;;) {
            auto piece = reading.next();
            if (shows) fmt::print(stderr, "\r\033[K");
            if (!piece) return refuse(piece.error().detail);
            if (!*piece) return 0;
            if (shows) fmt::print(stderr, "{}: {} MiB", name, reading.bytes_read() >> 20);
            if (int failed = take_piece(reading.document(**piece))) return failed;
        }
    }

    static int refuse(const std::string& why) {
        fmt::print(stderr, "{}\n", why);
        return 1;
    }

    int take(const intake::Document& document, const std::string& name) {
        auto type = document.content_type + (document.charset.empty() ? "" : "; charset=" + document.charset);
        auto target = Query().add("mapping", document.mapping).target("/v1/calls");
        auto answer = line_.ask("POST", target, std::string(document.bytes), type, fmt::format("X-First-Line: {}", document.first_line));
        if (!answer.ok()) {
            fmt::print(stderr, "{}: ", name);
            complain(answer);
            return 1;
        }
        auto parsed = json::parse(answer.body);
        for (const auto& row : parsed.at("results").as_array()) tell(row.as_object());
        return 0;
    }

    void tell(const json::object& row) {
        auto outcome = std::string(row.at("outcome").as_string()), id = std::string(row.at("id").as_string()), reason = std::string(row.at("reason").as_string());
        auto line = row.at("line").as_int64();
        if (options_.format == "jsonl") fmt::print("{}\n", json::serialize(row));
        else if (options_.format == "table") fmt::print("{:>8}  {:24}  {:9}  {}{}\n", line, id, outcome, reason, detail_of(row));
        else fmt::print("{},{},{},{}\n", line, cell(id), outcome, cell(reason));
        ++(outcome == "accepted" ? totals.accepted : outcome == "updated" ? totals.updated : outcome == "unchanged" ? totals.unchanged
           : outcome == "rejected" ? totals.rejected : totals.excluded);
    }

    static std::string detail_of(const json::object& row) {
        auto detail = std::string(row.at("detail").as_string());
        return detail.empty() ? "" : ": " + detail;
    }

    Line& line_;
    const ImportOptions& options_;
    std::size_t longest_json_;  // bytes
};

// Of the site's own and the built-in ones; false: said on stderr.
bool is_mapping(const config::Settings& settings, const std::string& name) {
    auto own = site_mappings(settings);
    auto known = own && *own ? **own : intake::Mappings::built_in();
    if (name.empty() || known.find(name)) return true;
    fmt::print(stderr, "--mapping {}: expected one of {}\n", name, fmt::join(known.names(), ", "));
    return false;
}

}  // namespace

int import(const std::string& config, const ImportOptions& options) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    if (!is_mapping(*settings, options.mapping)) return 2;
    auto line = Line::open(*settings);
    if (!line) return 1;
    Importer importer(*line, options, std::min<std::size_t>(settings->http.body_limit, largest_dry_run));
    int failed = 0;
    if (options.format == "csv") fmt::print("line,id,outcome,reason\n");
    if (options.dry_run) failed = importer.try_out(options.files);
    else for (const auto& name : options.files)
        if (int code = importer.file(name)) failed = code;
    const auto& t = importer.totals;
    fmt::print(stderr, "accepted {}, updated {}, unchanged {}, excluded {}, rejected {}\n", t.accepted, t.updated, t.unchanged, t.excluded, t.rejected);
    return failed ? failed : options.strict && t.rejected > 0 ? 1 : 0;
}

}  // namespace pingjing::commands
