#include "daemon/intake/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/services.hpp"

namespace pingjing::intake {

std::string_view trim(std::string_view s) {
    auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!s.empty() && blank(s.front())) s.remove_prefix(1);
    while (!s.empty() && blank(s.back())) s.remove_suffix(1);
    while (s.starts_with("\u3000")) s.remove_prefix(3);
    while (s.ends_with("\u3000")) s.remove_suffix(3);
    return s;
}

std::string Fields::states() const {
    std::string out;
    for (auto s : {CaseState::open, CaseState::dispatched, CaseState::on_scene, CaseState::fed_back, CaseState::closed, CaseState::cancelled, CaseState::reopened})
        out += (out.empty() ? "" : ", ") + std::string(case_state_name(s));
    return out;
}

Read<std::string> plain(const Fields& fields, std::string_view field, std::size_t most, bool required) {
    auto value = fields.text(field);
    if (!value) return value;
    if (value->empty() && required) return wrong(fields.spelling(field), "a text that is not empty");
    if (value->size() > most) return wrong(fields.spelling(field), fmt::format("at most {} bytes; found {}", most, value->size()));
    if (value->find('\0') != std::string::npos) return wrong(fields.spelling(field), "a text without NUL characters");
    return value;
}

Read<std::string> code_like(const Fields& fields, std::string_view field, std::size_t most, bool required) {
    auto value = plain(fields, field, most, required);
    if (value && std::any_of(value->begin(), value->end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
        return wrong(fields.spelling(field), "a text without control characters");
    if (value) *value = hide_mobiles(*value);  // it will stand in the open, and columns may have shifted
    return value;
}

void add_flag(std::vector<std::string>& out, Code code) {
    std::string name(code_name(code));
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
}

Code read_flag(const std::string& flag, const Flags& flags) {
    if (auto word = flags.find(flag); word != flags.end()) return word->second;
    auto code = parse_code(flag);
    return code && *code != Code::cancelled ? *code : Code::unsafe_flag;
}

Read<ClosedCall> read_call(const Fields& fields, const RecordRules& rules) {
    ClosedCall call;
    RowError error;
    auto take = [&](auto&& read, auto& into) {
        if (!read)
            error = read.error();
        else
            into = std::move(*read);
        return read.has_value();
    };
    auto in_range = [&](std::string_view field, const std::optional<Instant>& t) {
        using namespace std::chrono;
        if (!t || (*t >= Instant(sys_days(year(2000) / 1 / 1)) &&
                   (rules.now == Instant{} || *t <= rules.now + rules.future_tolerance)))
            return true;
        error = RowError{fields.spelling(field), "a time between the year 2000 and now"};
        return false;
    };

    std::string state, calling, contact;
    if (!take(code_like(fields, "id", max_id, true), call.id) || !take(fields.version(), call.version) ||
        !take(code_like(fields, "state", max_code, true), state))
        return tl::unexpected(error);
    if (auto raw = plain(fields, "id", max_id); raw && hide_mobiles(*raw) != *raw) return wrong(fields.spelling("id"), "a record's number, and no phone number");
    auto known_state = fields.state(state);
    if (!known_state) return wrong(fields.spelling("state"), "one of " + fields.states());
    call.state = *known_state;

    std::optional<Instant> reported;
    if (!take(fields.unit(), call.unit) || !take(code_like(fields, "category", max_code, true), call.category) ||
        !take(fields.time("reported_at"), reported))
        return tl::unexpected(error);
    if (!reported) return wrong(fields.spelling("reported_at"), "a time");
    if (!in_range("reported_at", reported)) return tl::unexpected(error);
    call.reported_at = *reported;

    if (!take(fields.time("closed_at"), call.closed_at)) return tl::unexpected(error);
    if (call.state == CaseState::closed && !call.closed_at)
        return wrong(fields.spelling("closed_at"), "a time, for the record is closed");
    if (!in_range("closed_at", call.closed_at)) return tl::unexpected(error);
    if (call.closed_at && *call.closed_at < call.reported_at)
        return wrong(fields.spelling("closed_at"), "a time not before the report");
    if (!take(fields.time("arrived_at"), call.arrived_at) || !in_range("arrived_at", call.arrived_at))
        return tl::unexpected(error);

    if (!take(plain(fields, "calling_line", 128), calling) || !take(plain(fields, "contact_phone", 128), contact) ||
        !take(code_like(fields, "linked_to", max_id), call.linked_to) ||
        !take(code_like(fields, "source", max_code), call.source) ||
        !take(code_like(fields, "call_taker", max_code), call.call_taker) ||
        !take(code_like(fields, "language", max_code), call.language) ||
        !take(plain(fields, "result", max_text), call.result) || !take(fields.officers(), call.officers) ||
        !take(fields.flags(rules.flags), call.flags) || !take(fields.birth(), call.caller_birth))
        return tl::unexpected(error);
    if (call.source.empty()) call.source = rules.source;
    call.source = plain_source(call.source);
    if (call.linked_to == call.id) call.linked_to.clear();  // some systems link every record, the first one to itself
    call.calling = Phone::mobile(calling);
    call.contact = Phone::mobile(contact);
    std::stable_sort(call.officers.begin(), call.officers.end(),
                     [](const Officer& a, const Officer& b) { return a.role == "lead" && b.role != "lead"; });
    call.content = Text(fields.content());
    return call;
}

}  // namespace pingjing::intake
