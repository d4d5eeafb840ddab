#include "daemon/log/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <mutex>

#include "daemon/core/phone.hpp"

namespace pingjing::log {
namespace {

struct State {
    std::mutex mutex;
    Level least = Level::warn;
    std::function<void(std::string_view)> sink;
    const Clock* clock = nullptr;
};
State& state() {
    static State s;
    return s;
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (unsigned char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c < 0x20 || c == 0x7F) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += static_cast<char>(c);
        }
    }
    out += '"';
}

void append_value(std::string& out, const Field::Value& value) {
    // The last net: what others wrote (a carrier's error, a file's name) may quote a number, and a log is read by many.
    if (auto* text = std::get_if<std::string>(&value)) append_string(out, hide_mobiles(*text));
    else if (auto* whole = std::get_if<std::int64_t>(&value)) out += fmt::format("{}", *whole);
    else if (auto* real = std::get_if<double>(&value)) out += std::isfinite(*real) ? fmt::format("{}", *real) : "null";
    else out += std::get<bool>(value) ? "true" : "false";
}

}  // namespace

void configure(Level least, std::function<void(std::string_view)> sink, const Clock* clock) {
    std::lock_guard lock(state().mutex);
    state().least = least;
    state().sink = std::move(sink);
    state().clock = clock;
}

void write(Level level, std::string_view event, Fields fields) {
    auto& s = state();
    std::lock_guard lock(s.mutex);
    if (level < s.least) return;
    constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
    std::string line = "{";
    if (s.clock) {
        line += "\"at\":";
        append_string(line, format_utc(s.clock->now()));
        line += ',';
    }
    line += "\"level\":";
    append_string(line, names[static_cast<int>(level)]);
    line += ",\"event\":";
    append_string(line, event);
    for (const auto& field : fields) {
        line += ',';
        append_string(line, field.key);
        line += ':';
        append_value(line, field.value);
    }
    line += "}\n";
    if (s.sink) s.sink(line);
    else if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody is left to tell
}

}  // namespace pingjing::log
