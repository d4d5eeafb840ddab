#include "daemon/reports/day_lines.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <iterator>

namespace pingjing::reports {
namespace {

// In this order they stand in a line.
template <class C> auto numbers_of(C& c) {
    auto& t = c.tally;
    auto& w = c.watched;
    return std::array{&c.last_case, &t.eligible, &t.sent, &t.delivered, &t.answered, &t.satisfied, &t.basically_satisfied, &t.dissatisfied, &t.unconfirmed, &t.late, &t.ambiguous,
                      &t.ended_delivered, &t.ended_rated, &c.recoded_after, &c.taken_out, &c.left_out, &c.filed, &c.open, &c.upheld, &c.not_upheld, &c.taken_back,
                      &w.closed, &w.chosen, &w.rated, &w.timed, &w.quick};
}

std::string escaped(std::string_view code) {
    if (code.find_first_of("\t\n%") == std::string_view::npos) return std::string(code);
    std::string out;
    for (char c : code)
        if (c == '\t' || c == '\n' || c == '%') out += fmt::format("%{:02X}", static_cast<int>(c));
        else out += c;
    return out;
}

std::string plain(std::string_view field) {
    std::string out;
    for (std::size_t i = 0; i < field.size(); ++i) {
        auto rest = field.substr(i, 3);
        bool is_escape = rest == "%09" || rest == "%0A" || rest == "%25";
        if (is_escape) out += rest == "%09" ? '\t' : rest == "%0A" ? '\n' : '%', i += 2;
        else out += field[i];
    }
    return out;
}

void write_counted(std::string& out, std::string_view head, const Counted& c) {
    auto to = std::back_inserter(out);
    fmt::format_to(to, "{}\t{}", head, escaped(c.unit));
    for (const auto* number : numbers_of(c)) fmt::format_to(to, "\t{}", *number);
    out += '\n';
    for (const auto& [kind, work] : c.work)
        fmt::format_to(to, "kind\t{}\t{}\t{}\t{}\t{}\t{}\n", escaped(kind.first), kind.second, work.eligible, work.grades[0], work.grades[1], work.grades[2]);
    for (const auto& w : c.withdrawn)
        fmt::format_to(to, "withdrawn\t{}\t{}\t{:d}\t{:d}\t{:d}\t{}\t{}\t{}\n", w.case_id, to_millis(w.at), w.recoded, w.ended, w.unconfirmed, static_cast<int>(w.grade), escaped(w.kind.first), w.kind.second);
    for (auto due : c.open_due) fmt::format_to(to, "due\t{}\n", to_millis(due));
}

// Field by field through lines; once something is not what is asked for, nothing is any more.
class Reader {
public:
    explicit Reader(std::string_view lines) : rest_(lines) {}
    bool more() const { return good_ && !rest_.empty(); }
    bool good() const { return good_; }
    void refuse() { good_ = false; }

    std::string_view field() {
        auto end = rest_.find_first_of("\t\n");
        if (end == std::string_view::npos || line_over_) return good_ = false, std::string_view();
        auto out = rest_.substr(0, end);
        line_over_ = rest_[end] == '\n';
        rest_.remove_prefix(end + 1);
        return out;
    }
    std::string code() { return plain(field()); }
    std::int64_t number() {
        auto text = field();
        std::int64_t value = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) good_ = false;
        return value;
    }
    Instant instant() { return from_millis(number()); }
    void end_line() { good_ = good_ && std::exchange(line_over_, false); }

private:
    std::string_view rest_;
    bool good_ = true, line_over_ = false;
};

void read_counted(Reader& in, Counted& into) {
    auto unit = in.code();
    bool first = true;
    for (auto* number : numbers_of(into)) {
        auto value = in.number();
        if (!std::exchange(first, false)) *number += value;
        else if (value >= into.last_case) into.last_case = value, into.unit = unit;
    }
}

// Lines come in the order of the map: mostly it is the next place.
template <class Map> typename Map::mapped_type& next_of(Map& map, typename Map::iterator& next, typename Map::key_type key) {
    if (next == map.end() || next->first != key) next = map.lower_bound(key);
    if (next == map.end() || next->first != key) next = map.emplace_hint(next, std::move(key), typename Map::mapped_type());
    return (next++)->second;
}

void read_kind(Reader& in, Counted& into, Works::iterator& next) {
    auto category = in.code();
    auto band = static_cast<int>(in.number());
    auto& work = next_of(into.work, next, {std::move(category), band});
    work.eligible += in.number();
    for (auto& grade : work.grades) {
        auto count = in.number();
        grade += count, work.rated += count;
    }
}

void read_withdrawn(Reader& in, Counted& into) {
    Withdrawn w;
    w.case_id = in.number(), w.at = in.instant(), w.recoded = in.number() != 0, w.ended = in.number() != 0, w.unconfirmed = in.number() != 0;
    auto grade = in.number();
    if (grade < 0 || grade >= static_cast<std::int64_t>(all_grades.size())) return in.refuse();
    w.grade = static_cast<Grade>(grade), w.kind.first = in.code(), w.kind.second = static_cast<int>(in.number());
    into.withdrawn.push_back(std::move(w));
}

constexpr const char* change_words[] = {"recoded", "edited", "called_off"};

}  // namespace

std::string unit_lines(const Figures& figures) {
    std::string out;
    for (const auto& [code, unit] : figures.units) write_counted(out, "unit\t" + escaped(code), unit);
    for (const auto& [unit, codes] : figures.excluded)
        for (const auto& [code, count] : codes) out += fmt::format("excluded\t{}\t{}\t{}\n", escaped(unit), escaped(code), count);
    for (const auto& [unit, count] : figures.cases) out += fmt::format("cases\t{}\t{}\n", escaped(unit), count);
    return out;
}

std::string officer_lines(const Figures& figures) {
    std::string out;
    for (const auto& [badge, officer] : figures.officers) write_counted(out, badge ? "officer\t" + escaped(*badge) : std::string("nobody"), officer);
    return out;
}

bool add_lines(Figures& sum, std::string_view lines) {
    Reader in(lines);
    Counted* subject = nullptr;
    auto next_officer = sum.officers.begin();
    auto next_unit = sum.units.begin();
    Works::iterator next_kind;
    auto start = [&](Counted& counted) {
        subject = &counted, next_kind = counted.work.begin();
        read_counted(in, counted);
    };
    while (in.more()) {
        auto head = in.field();
        bool is_listed = head == "kind" || head == "withdrawn" || head == "due";
        if (is_listed && !subject) return false;
        if (head == "kind") read_kind(in, *subject, next_kind);
        else if (head == "withdrawn") read_withdrawn(in, *subject);
        else if (head == "due") subject->open_due.push_back(in.instant());
        else if (head == "officer") start(next_of(sum.officers, next_officer, in.code()));
        else if (head == "nobody") start(next_of(sum.officers, next_officer, std::nullopt));
        else if (head == "unit") start(next_of(sum.units, next_unit, in.code()));
        else if (head == "excluded") {
            auto unit = in.code(), code = in.code();
            sum.excluded[unit][code] += in.number();
        } else if (head == "cases") {
            auto unit = in.code();
            sum.cases[unit] += in.number();
        } else {
            return false;
        }
        in.end_line();
    }
    return in.good();
}

std::string change_lines(const Changes& changes) {
    std::string out;
    const auto* word = change_words;
    for (const auto* things : {&changes.recoded, &changes.numbers, &changes.called_off}) {
        for (const auto& one : *things) out += fmt::format("{}\t{}\t{}\t{}\n", *word, one.case_id, escaped(one.officer), escaped(one.unit));
        ++word;
    }
    return out;
}

bool add_changes(Changes& sum, std::string_view lines) {
    Reader in(lines);
    while (in.more()) {
        auto word = in.field();
        auto* things = word == change_words[0] ? &sum.recoded : word == change_words[1] ? &sum.numbers : word == change_words[2] ? &sum.called_off : nullptr;
        if (!things) return false;
        Thing thing;
        thing.case_id = in.number(), thing.officer = in.code(), thing.unit = in.code();
        thing.heavy = things == &sum.numbers;
        things->push_back(std::move(thing));
        in.end_line();
    }
    return in.good();
}

}  // namespace pingjing::reports
