// A whole day of a 110 system's export against what a correct intake answers. The store is a few maps here; the facts
// are gathered in the open, because the SQLite version must gather the same ones:
//   content      compared with the latest version of the record, before anything else
//   caps         planned times of the number's other surveys that were not cancelled; a planned time is due_at()
//   phone_hold   the number's other cases with Decision::safety, whatever they were stored as, taken within 30 d
//   other way    a case with safety cancels what waits for its number; the answer already given for it stands
//
// A report after its closing is scfksj's fault, although arrival lies before the report too. No other row of this day
// has two faults, so the rest of the order (width, record number, state, unit, category, bjsj, scfksj) is our own.
//
// What this day does not decide (all readings agree on every line), so the careful one is to be taken: whether a safety
// case also holds its contact number (yes), whether only the stored code or any safety code counts (any), whether a
// cancelled survey frees its cap (yes).
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "daemon/eligibility/rules.hpp"
#include "daemon/eligibility/schedule.hpp"
#include "daemon/intake/csv.hpp"
#include "daemon/intake/record.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
using namespace pingjing::eligibility;

namespace {

std::string read_file(const std::string& name) {
    std::ifstream in(test::source_root / "tests/data/day1" / name, std::ios::binary);
    REQUIRE(in);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

std::set<Phone> phones_in(const std::string& name) {
    std::istringstream in(read_file(name));
    std::set<Phone> out;
    for (std::string line; std::getline(in, line);)
        if (auto phone = Phone::mobile(line)) out.insert(*phone);
    return out;
}

struct Case {
    ClosedCall call;
    Decision decision;
    std::optional<Instant> planned;  // of a survey that is not cancelled
    Instant taken{};
};

struct Answer {
    std::int64_t line;
    std::string id, outcome, reason;
    bool operator==(const Answer&) const = default;
};

class Site {
public:
    explicit Site(bool contact_counts) : contact_counts_(contact_counts) {
        auto text = read_file("now.txt");
        now = *parse_rfc3339(text.substr(0, text.find_first_of("\r\n")));
        categories_ = *CategoryMap::read_csv(read_file("categories.csv"));
        rules.flags = *intake::read_flags(read_file("flags.csv"));
        rules.now = now;
    }

    Answer take(intake::ParsedRow row) {
        if (!row.call) return {row.line, row.id, "rejected", row.call.error().field};
        auto known = cases_.find(row.id);
        if (known != cases_.end() && known->second.call.content == row.call->content) return {row.line, row.id, "unchanged", ""};

        Case entry{*row.call, {}, {}, now};
        auto planned = entry.call.closed_at ? due_at(*entry.call.closed_at, now, timing_, fraction(entry.call.id)) : now;
        entry.decision = decide(facts(entry.call, planned));
        if (!entry.decision.code) entry.planned = planned;
        std::string reason(entry.decision.code ? code_name(*entry.decision.code) : "");
        if (entry.decision.safety)
            for (auto& [id, other] : cases_)
                if (id != row.id && same_number(entry.call, other.call)) other.planned.reset();
        std::string outcome = known != cases_.end() ? "updated" : entry.decision.code ? "excluded" : "accepted";
        cases_.insert_or_assign(row.id, std::move(entry));
        return {row.line, row.id, outcome, reason};
    }

    Instant now{};
    intake::RecordRules rules;

private:
    // `asked` is the case whose calling line may be texted. A safety case counts by its calling line, and where
    // contact_counts_ by its contact number too: the victim is often the one who is called back.
    bool same_number(const ClosedCall& safety, const ClosedCall& asked) const {
        if (!asked.calling) return false;
        return asked.calling == safety.calling || (contact_counts_ && asked.calling == safety.contact);
    }

    Facts facts(const ClosedCall& call, Instant planned) const {
        Facts f{.call = call};
        f.category = categories_.find(call.category);
        f.since = *parse_rfc3339("2026-11-01T00:00:00+08:00");
        f.staff_phone = call.calling && staff_.contains(*call.calling);
        f.opt_out = call.calling && opted_out_.contains(*call.calling);
        f.stale = call.closed_at && is_stale(*call.closed_at, now, 72h);
        std::vector<Instant> others;
        for (auto& [id, other] : cases_) {
            if (id == call.id) continue;
            if (other.decision.safety && now - other.taken <= 24h * 30 && same_number(other.call, call)) f.phone_hold = true;
            if (other.planned && call.calling && other.call.calling == call.calling) others.push_back(*other.planned);
        }
        f.capped = is_capped(planned, others);
        return f;
    }

    static double fraction(const std::string& id) { return static_cast<double>(std::hash<std::string>()(id) % 1000) / 1000; }

    bool contact_counts_;
    Timing timing_;
    CategoryMap categories_;
    std::set<Phone> staff_ = phones_in("staff_phones.txt"), opted_out_ = phones_in("opted_out.txt");
    std::map<std::string, Case> cases_;
};

std::vector<Answer> expected_answers() {
    auto text = read_file("expected.csv");
    std::vector<Answer> out;
    for (std::size_t at = text.find('\n') + 1; at < text.size();) {
        auto end = intake::find_row_end(text, at, true)->end;
        auto cells = intake::split_row(std::string_view(text).substr(at, end - at));
        REQUIRE(cells.size() == 4);
        out.push_back({std::stoll(cells[0]), cells[1], cells[2], cells[3]});
        at = end;
    }
    return out;
}

std::vector<Answer> answers(Site& site, const std::vector<intake::Piece>& pieces) {
    std::vector<Answer> out;
    for (auto& piece : pieces) {
        intake::Document document{.bytes = piece.bytes, .content_type = "text/csv", .charset = "auto", .first_line = piece.first_line};
        auto read = intake::read_document(document, site.rules, [&](intake::ParsedRow row) { out.push_back(site.take(std::move(row))); });
        REQUIRE(read);
    }
    return out;
}

}  // namespace

TEST_CASE("a day of a 110 system: every line of the export is answered as expected") {
    auto expected = expected_answers();
    for (bool contact_counts : {false, true}) {
        CAPTURE(contact_counts);
        Site site(contact_counts);
        auto got = answers(site, {{read_file("calls.csv"), 1}});
        REQUIRE(got.size() == expected.size());
        std::size_t agreed = 0;
        for (std::size_t i = 0; i < got.size(); ++i) {
            CAPTURE(expected[i].line);
            agreed += got[i] == expected[i];
            CHECK(got[i].line == expected[i].line);
            CHECK(got[i].id == expected[i].id);
            CHECK(got[i].outcome == expected[i].outcome);
            CHECK(got[i].reason == expected[i].reason);
        }
        MESSAGE("lines that agree: " << agreed << " of " << expected.size());
    }
}

TEST_CASE("a day of a 110 system, fed in small pieces, gives the same answers") {
    auto bytes = read_file("calls.csv");
    intake::CsvSplitter splitter;
    std::vector<intake::Piece> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += 997)
        for (auto& piece : splitter.feed(std::string_view(bytes).substr(at, 997))) pieces.push_back(std::move(piece));
    for (auto& piece : splitter.finish()) pieces.push_back(std::move(piece));
    Site site(true);
    CHECK(answers(site, pieces) == expected_answers());
}
