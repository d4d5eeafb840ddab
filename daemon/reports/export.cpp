#include "daemon/reports/export.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <optional>
#include <system_error>

#include "daemon/core/files.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/core/night_files.hpp"
#include "daemon/core/tree.hpp"
#include "daemon/reports/counting.hpp"
#include "daemon/reports/html.hpp"
#include "daemon/reports/register.hpp"
#include "daemon/reports/signals.hpp"
#include "daemon/reports/trend.hpp"
#include "daemon/reports/xlsx.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::reports {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using store::Connection;
using store::Statement;

using Files = std::map<std::string, std::string>;
using Tables = std::map<std::string, Table>;  // by the name of their files

// What programs read.
void add_open_formats(Files& files, const Tables& tables) {
    for (const auto& [name, table] : tables) files[name + ".csv"] = render_csv(table), files[name + ".json"] = render_json(table);
}
// What people open: no figure that does not stand in the others.
void add_pages(Files& files, const Tables& tables) {
    for (const auto& [name, table] : tables) files[name + ".xlsx"] = render_xlsx({table}), files[name + ".html"] = render_html({table});
}

// Of services beside the 110 call each has files of its own, `officers-window.csv`.
std::string ending_of(const ExportWish& wish, std::size_t service) { return service == 0 ? std::string() : "-" + wish.rules.services[service].name; }

void add_figures(Tables& tables, Connection& db, const ExportWish& wish, std::size_t service, Instant as_of) {
    auto range = *day_range(wish.day, wish.zone);
    auto rules = wish.rules;
    rules.raw = rules.by_answer = false;
    auto figures = count_period(db, {range.from, range.to, false, service}, rules, wish.zone, as_of);
    for (std::string name : {"officers", "units", "force", "exclusions"}) {
        auto table = name == "exclusions" ? exclusions_report(figures) : score_report(name, figures, wish.names, rules);
        table.from = table.to = wish.day;
        table.basis = "closed";
        table.as_of = format_local(as_of, wish.zone);
        tables[name + ending_of(wish, service)] = std::move(table);
    }
}

Tables figures_of(Connection& db, const ExportWish& wish, Instant as_of) {
    Tables tables;
    for (std::size_t service = 0; service < wish.rules.services.size(); ++service) add_figures(tables, db, wish, service, as_of);
    Request week;
    auto over = last_week_over(*days_later(wish.day, 1));
    week.report = "register", week.from = over.from, week.to = over.to;
    auto complaints = register_report(db, wish.seal, wish.names, wish.rules, week, wish.zone);
    complaints.as_of = format_local(as_of, wish.zone);
    tables["register"] = std::move(complaints);
    return tables;
}

// Of the thirty days that end with this one, and of the twelve weeks that were over with it. As the books they move by themselves, with records
// that stay open, lists that are kept and days that leave: they are in every version and make none. Outside of the cut, for they read for long. Returns
// what is to be kept of it for the next night.
store::SumsChange add_statistics(Tables& tables, Counting& counting, const ExportWish& wish) {
    Request month;
    month.from = *days_later(wish.day, -29), month.to = wish.day;
    auto weeks = last_weeks(wish.day);
    auto add = [&](const std::string& report, std::size_t service, const std::string& from, const std::string& to) {
        auto request = month;
        request.report = report, request.service = wish.rules.services[service].name, request.from = from, request.to = to;
        tables[report + ending_of(wish, service)] = statistics_report(counting, wish.names, request);
    };
    add("signals", 0, month.from, month.to);
    for (std::size_t service = 0; service < wish.rules.services.size(); ++service) {
        add("funnel", service, month.from, month.to);
        add("trend", service, weeks.from, weeks.to);
    }
    return counting.take_change(std::min(weeks.from, *days_later(wish.day, -59)));
}

std::string digest(const Tables& tables) {
    Files files;
    add_open_formats(files, tables);
    std::string all;
    for (const auto& [name, bytes] : files) all += fmt::format("{} {}\n", name, sha256_hex(bytes));
    return sha256_hex(all);
}

constexpr unsigned as_umask_lets = 0666;  // who reads them is the site's to say

std::optional<std::string> read_file(const fs::path& path) { return read_plain_file(path, largest_night_file); }

std::optional<json::object> read_json(const fs::path& path) {
    auto bytes = read_file(path);
    if (!bytes) return std::nullopt;
    boost::system::error_code broken;
    auto value = json::parse(*bytes, broken);
    return !broken && value.is_object() ? std::optional(value.as_object()) : std::nullopt;
}

fs::path version_folder(const fs::path& folder, const std::string& day, std::int64_t version) { return folder / day / fmt::format("v{}", version); }

std::optional<Edition> newest_recorded(Connection& db, const std::string& day) {
    Statement find(db, "SELECT version, ledger_size, as_of, sha256 FROM exports WHERE day = ?1 ORDER BY version DESC LIMIT 1");
    if (!find.bind(1, day).step()) return std::nullopt;
    Edition found;
    found.day = day;
    found.version = find.integer(0), found.ledger_size = find.integer(1), found.as_of = find.instant(2), found.sha256 = find.text(3);
    found.fresh = false;
    found.recorded = true;
    return found;
}

// A version whose files are there but whose row is not: we were killed in between, or the store was restored. Its files may
// have been taken away by somebody, so it stands.
std::optional<Edition> left_on_disk(const ExportWish& wish, std::int64_t version) {
    auto manifest = read_json(version_folder(wish.folder, wish.day, version) / "manifest.json");
    if (!manifest) return std::nullopt;
    Edition found;
    try {
        found.day = wish.day;
        found.version = version;
        found.ledger_size = manifest->at("ledger").at("size").as_int64();
        found.ledger_root = manifest->at("ledger").at("root").as_string();
        auto as_of = parse_rfc3339(manifest->at("as_of").as_string());
        if (!as_of) return std::nullopt;
        found.as_of = *as_of;
        found.sha256 = manifest->at("figures_sha256").as_string();
        if (const auto* note = manifest->if_contains("checkpoint")) found.checkpoint = note->as_string();
    } catch (const std::exception&) {
        return std::nullopt;  // not a manifest of ours
    }
    found.fresh = false;
    return found;
}

// Its cut lies in this ledger. Not so where a backup was taken into use after it: then its books are another history's.
bool is_of_this_ledger(Connection& db, const Edition& edition) {
    Statement head(db, "SELECT head FROM ledger_head WHERE id = 1");
    auto size = head.step() ? static_cast<std::int64_t>(TreeHead::load(head.text(0)).size()) : 0;
    return edition.ledger_size <= size && to_hex(store::head_at(db, static_cast<std::uint64_t>(edition.ledger_size)).root()) == edition.ledger_root;
}

// What the store learned since the cut, but for exports, what became of them, and looking. Of `rows` no figure is made: that is what waits, and for how long.
bool ledger_moved(Connection& db, std::int64_t since) {
    Statement find(db, "SELECT 1 FROM ledger WHERE seq > ?1 AND kind NOT IN ('export', 'access', 'rows', 'delivery') LIMIT 1");
    return find.bind(1, since).step();
}

// The root at the cut, from the line that recorded the version soon after.
std::string root_at(Connection& db, const Edition& edition) {
    Statement find(db, "SELECT data FROM ledger WHERE seq > ?1 AND kind = 'export' ORDER BY seq");
    find.bind(1, edition.ledger_size);
    while (find.step()) {
        auto line = json::parse(find.text(0)).as_object();
        if (line.at("day").as_string() == edition.day && line.at("version") == edition.version) return std::string(line.at("ledger_root").as_string());
    }
    return {};
}

std::string identity(const json::object& row) {
    std::string out;
    for (const char* key : {"signal", "officer", "unit", "code", "topic", "week"})
        if (const auto* value = row.if_contains(key)) out += fmt::format("{}{}", out.empty() ? "" : " ", value->is_string() ? value->as_string().c_str() : "null");
    return out;
}

std::map<std::string, std::string> rows_of(const json::object& report) {
    std::map<std::string, std::string> rows;
    if (const auto* list = report.if_contains("rows"); list && list->is_array()) {
        for (const auto& row : list->as_array())
            if (row.is_object()) rows[identity(row.as_object())] = json::serialize(row);
    } else {
        for (const auto& pair : report) rows[pair.key()] = json::serialize(pair.value());  // the books: one row, told column by column
    }
    return rows;
}

// Which rows of which report differ from the version before. None of a report that is not there to compare.
json::object changes_since(const fs::path& before, const Files& files) {
    json::object changes;
    for (const auto& [name, bytes] : files) {
        if (!name.ends_with(".json")) continue;
        auto old_report = read_json(before / name);
        if (!old_report) continue;
        auto old_rows = rows_of(*old_report), rows = rows_of(json::parse(bytes).as_object());
        json::array changed, added, removed;
        for (const auto& [key, row] : rows) {
            auto was = old_rows.find(key);
            if (was == old_rows.end()) added.emplace_back(key);
            else if (was->second != row) changed.emplace_back(key);
        }
        for (const auto& [key, row] : old_rows)
            if (!rows.contains(key)) removed.emplace_back(key);
        if (changed.empty() && added.empty() && removed.empty()) continue;
        auto count = changed.size() + added.size() + removed.size();
        changes[name.substr(0, name.size() - 5)] = json::object{{"rows", count}, {"changed", changed}, {"added", added}, {"removed", removed}};
    }
    return changes;
}

std::string json_string(std::string_view text) { return json::serialize(json::string_view(text)); }

// Of the day, and how long until a person had them: as they stand when the version is written.
std::string emergencies_of(Connection& db, const ExportWish& wish) {
    return json::serialize(json::parse(render_json(desk_report(db, wish.day, wish.day, wish.zone))).at("rows"));
}

// By hand, for Boost.JSON writes 0.5 as 5E-1. `as_of` to the millisecond: a rerun counts as of this very moment.
std::string manifest_of(const std::string& emergencies, const ExportWish& wish, const Edition& edition) {
    const auto& rules = wish.rules;
    auto out = fmt::format("{{\"day\":\"{}\",\"version\":{},\"as_of\":\"{}\",\"basis\":\"closed\",\"timezone\":{},\n", edition.day, edition.version,
                           format_utc(edition.as_of), json_string(wish.zone));
    out += fmt::format("\"ledger\":{{\"size\":{},\"root\":\"{}\"}},\n", edition.ledger_size, edition.ledger_root);
    if (!edition.checkpoint.empty()) out += fmt::format("\"checkpoint\":{},\n", json_string(edition.checkpoint));
    out += fmt::format("\"rules\":{{\"weight_satisfied\":{},\"weight_basically\":{},\"weight_dissatisfied\":{},\"prior_m\":{},\"sha256\":{}}},\n",
                       rules.weights.satisfied, rules.weights.basically_satisfied, rules.weights.dissatisfied,
                       rules.prior ? fmt::format("{}", *rules.prior) : json_string("by moments"), json_string(wish.rules_sha256));
    json::object files;
    for (const auto& [name, bytes] : edition.files) files[name] = sha256_hex(bytes);
    out += fmt::format("\"emergencies\":{},\n", emergencies);
    out += fmt::format("\"figures_sha256\":\"{}\",\n\"files\":{}", edition.sha256, json::serialize(files));
    if (edition.version > 1) {
        // The one before may lie in another folder: then nobody knows here what has changed.
        auto before = version_folder(wish.folder, wish.day, edition.version - 1);
        auto changes = fs::exists(before / "manifest.json") ? json::value(changes_since(before, edition.files)) : json::value();
        out += fmt::format(",\n\"before\":\"v{}\",\"changes\":{}", edition.version - 1, json::serialize(changes));
    }
    return out + "}\n";
}

}  // namespace

Result<Edition> prepare_export(Connection& db, const ExportWish& wish, Instant now) {
    if (!day_range(wish.day, wish.zone)) return fail(Error::Kind::invalid_input, fmt::format("date: expected a day such as 2026-11-21, not {}", wish.day));
    if (wish.day > local_day(now, wish.zone)) return fail(Error::Kind::invalid_input, fmt::format("date: {} is still to come; expected a day that has begun", wish.day));
    auto snapshot = std::make_unique<store::Snapshot>(db);  // one moment for all figures of the day: it is counted in half a second

    auto newest = newest_recorded(db, wish.day);
    std::vector<Edition> unrecorded;
    bool of_another_ledger = false;
    while (auto found = left_on_disk(wish, newest ? newest->version + 1 : 1)) {
        of_another_ledger = !is_of_this_ledger(db, *found);
        if (of_another_ledger) found->checkpoint.clear();  // it would say for ever that this ledger was cut
        newest = found;
        unrecorded.push_back(*found);
    }

    Edition edition;
    edition.day = wish.day;
    edition.as_of = now;
    bool made_again = false;
    if (newest) {
        edition.version = newest->version + 1;
        bool unchanged = !of_another_ledger && digest(figures_of(db, wish, newest->as_of)) == newest->sha256;
        bool is_here = fs::exists(version_folder(wish.folder, wish.day, newest->version) / "manifest.json");
        // Its files were removed, or DIR is another: they can be made again to the byte as long as the books have not moved.
        made_again = unchanged && !is_here && !ledger_moved(db, newest->ledger_size);
        if ((unchanged && is_here) || made_again) edition = *newest;
    }
    edition.unrecorded = std::move(unrecorded);
    if (newest && edition.version == newest->version && !made_again) return edition;

    edition.fresh = true;
    if (made_again) {
        edition.ledger_root = root_at(db, edition);
    } else {
        Statement head(db, "SELECT head FROM ledger_head WHERE id = 1");
        auto tree = head.step() ? TreeHead::load(head.text(0)) : TreeHead();
        edition.ledger_size = static_cast<std::int64_t>(tree.size());
        edition.ledger_root = to_hex(tree.root());
    }
    if (auto root = hash_from_hex(edition.ledger_root); wish.signer && root && edition.ledger_size > 0)
        edition.checkpoint = wish.signer->sign(Checkpoint{wish.signer->name(), static_cast<std::uint64_t>(edition.ledger_size), *root});
    auto tables = figures_of(db, wish, edition.as_of);
    edition.sha256 = digest(tables);
    Counting counting(db, wish.seal, wish.rules, wish.zone, edition.as_of);
    counting.use_kept_sums();
    tables["balance"] = balance_report(counting);
    auto emergencies = emergencies_of(db, wish);
    snapshot.reset();
    edition.sums = add_statistics(tables, counting, wish);
    add_open_formats(edition.files, tables);
    add_pages(edition.files, tables);
    edition.files["manifest.json"] = manifest_of(emergencies, wish, edition);
    return edition;
}

void write_export(const fs::path& folder, const Edition& edition, const std::function<void()>& before_step) {
    auto step = [&] {
        if (before_step) before_step();
    };
    auto day = folder / edition.day;
    auto target = version_folder(folder, edition.day, edition.version);
    if (edition.fresh) {
        step();
        fs::create_directories(day);
        auto hidden = day / fmt::format(".v{}.unfinished", edition.version);
        step();
        fs::remove_all(hidden);
        fs::create_directory(hidden);
        for (const auto& [name, bytes] : edition.files) {
            step();
            write_new_file(hidden / name, bytes, as_umask_lets);
        }
        sync_folder(hidden);
        step();
        put_in_place(hidden, target);
        sync_folder(folder);
    }

    auto name = fmt::format("v{}\n", edition.version);
    if (read_file(day / "latest") == name) return;
    step();
    write_new_file(day / ".latest.unfinished", name, as_umask_lets);
    step();
    put_in_place(day / ".latest.unfinished", day / "latest");
}

void record_export(Connection& db, const Edition& edition, Instant now) {
    for (const auto& earlier : edition.unrecorded) record_export(db, earlier, now);
    store::keep_sums(db, edition.sums);
    Statement add(db, "INSERT INTO exports(day, version, ledger_size, as_of, sha256) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (day, version) DO NOTHING");
    add.bind(1, edition.day).bind(2, edition.version).bind(3, edition.ledger_size).bind(4, edition.as_of).bind(5, edition.sha256).run();
    if (db.changes() == 0) return;
    if (!edition.checkpoint.empty()) store::keep_checkpoint(db, edition.checkpoint, now);
    store::append(db, now, "export", std::nullopt,
                  fmt::format(R"({{"day":"{}","version":{},"ledger_size":{},"ledger_root":"{}","sha256":"{}"}})", edition.day, edition.version,
                              edition.ledger_size, edition.ledger_root, edition.sha256));
}

asio::awaitable<Result<Edition>> export_day(store::Reader read, store::Store& store, ExportWish wish, Instant now) {
    Result<Edition> edition = Edition();
    std::function<void(Connection&)> make = [&](Connection& db) {
        edition = prepare_export(db, wish, now);
        if (edition && !edition->fresh) write_export(wish.folder, *edition);
    };
    // A reader sees what is committed, be it on disk or not. The store answers when all of that is: the files must not tell of what
    // a power cut takes back.
    std::function<void(Connection&)> nothing = [](Connection&) {};
    bool overtaken = false;
    std::function<void(Connection&)> write = [&](Connection&) {
        overtaken = fs::exists(version_folder(wish.folder, wish.day, edition->version) / "manifest.json");
        if (!overtaken) write_export(wish.folder, *edition);
    };
    do {
        overtaken = false;
        co_await read(make);
        if (!edition || !edition->fresh) break;
        co_await store.run(nothing);
        co_await read(write);
    } while (overtaken);  // by another export of this day, while we waited
    if (edition && !edition->recorded) {
        std::function<void(Connection&)> record = [&](Connection& db) { record_export(db, *edition, now); };
        co_await store.run(record);
    }
    co_return edition;
}

}  // namespace pingjing::reports
