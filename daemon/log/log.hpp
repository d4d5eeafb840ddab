// JSON lines: an event name and fields, ids only. Phone and Text do not convert to Field, so a line that tries to print
// one does not compile. `error` wakes a person, `warn` is for the morning, `info` is one line per change of state.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/core/clock.hpp"

namespace pingjing::log {

enum class Level { debug, info, warn, error };

struct Field {
    using Value = std::variant<std::string, std::int64_t, double, bool>;
    Field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
    Field(std::string_view k, const std::string& v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
    Field(std::string_view k, bool v) : key(k), value(v) {}
    Field(std::string_view k, double v) : key(k), value(v) {}
    template <std::integral I>
    Field(std::string_view k, I v) : key(k), value(static_cast<std::int64_t>(v)) {}
    std::string_view key;
    Value value;
};
using Fields = std::initializer_list<Field>;

// Where lines go (default: stderr, errors and warnings only) and whose time they carry. Called once, at start.
void configure(Level least, std::function<void(std::string_view line)> sink, const Clock* clock);

void write(Level level, std::string_view event, Fields fields);
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::warn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::error, event, fields); }

}  // namespace pingjing::log
