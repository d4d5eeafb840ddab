// How a command reaches the store: through the running daemon's control socket, or, where none runs, on the store itself with
// the very same handlers.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "daemon/config/settings.hpp"

namespace pingjing::commands {

struct Answer {
    int status = 0;
    std::string content_type{}, body{};
    bool ok() const { return status >= 200 && status < 300; }
};

class Line {
public:
    // nullopt: said on stderr, the caller exits with 1.
    static std::optional<Line> open(const config::Settings& settings);
    Line(Line&&) noexcept;
    ~Line();

    // `target` with its query. Throws std::runtime_error when the daemon went away.
    Answer ask(const std::string& method, const std::string& target, const std::string& body = "", const std::string& content_type = "",
               const std::string& extra_header = "");
    bool through_daemon() const;
    // The site's clock on the wall, which people read; JSON has UTC.
    const std::string& zone() const;

private:
    struct Impl;
    explicit Line(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// Prints what a problem document says, to stderr; the exit code that belongs to it.
int complain(const Answer& answer);
// "a=1&b=2" of what is not empty.
class Query {
public:
    Query& add(const std::string& name, const std::string& value);
    std::string target(const std::string& path) const { return text_.empty() ? path : path + "?" + text_; }

private:
    std::string text_;
};

}  // namespace pingjing::commands
