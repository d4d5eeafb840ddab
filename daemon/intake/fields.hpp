// The fields of one record, however it is written, and every rule about them (design.md A3). Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/case.hpp"
#include "daemon/intake/record.hpp"

namespace pingjing::intake {

inline constexpr std::size_t max_id = 64, max_code = 64, max_text = 4000, max_list = 64;  // bytes; of a list, its members

template <class T>
using Read = tl::expected<T, RowError>;
inline tl::unexpected<RowError> wrong(std::string field, std::string expected) {
    return tl::unexpected(RowError{std::move(field), std::move(expected)});
}

// Without the blanks at both ends, the ideographic one among them.
std::string_view trim(std::string_view s);

// One record. A field that is absent reads as empty.
class Fields {
public:
    virtual ~Fields() = default;
    virtual std::string spelling(std::string_view field) const = 0;
    virtual Read<std::string> text(std::string_view field) const = 0;
    virtual Read<std::optional<Instant>> time(std::string_view field) const = 0;
    virtual Read<std::string> birth() const = 0;
    virtual Read<std::optional<std::int64_t>> version() const = 0;
    virtual Read<std::string> unit() const = 0;
    virtual std::optional<CaseState> state(const std::string& word) const = 0;
    virtual std::string states() const;  // the words that state() knows, for messages
    virtual Read<std::vector<Officer>> officers() const = 0;
    virtual Read<std::vector<std::string>> flags(const Flags& flags) const = 0;
    virtual std::string content() const = 0;
};

// A text of at most so many bytes without NUL; `code_like`: without control characters, and with what looks like a mobile number hidden.
Read<std::string> plain(const Fields& fields, std::string_view field, std::size_t most, bool required = false);
Read<std::string> code_like(const Fields& fields, std::string_view field, std::size_t most, bool required = false);

// An exclusion code or a word of flags.csv; whatever else stands there was meant as a warning, so nobody is texted.
Code read_flag(const std::string& flag, const Flags& flags);
void add_flag(std::vector<std::string>& out, Code code);  // each once

// The order of the checks is the order in which a row with several faults names them: id, state, unit, category, the
// closing time before the others (a closing before the report is the closing's fault).
Read<ClosedCall> read_call(const Fields& fields, const RecordRules& rules);

}  // namespace pingjing::intake
