// Single values as a configuration writes them: hours, sizes, days, addresses. What is wrong is said to the section.
#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/config/section.hpp"
#include "daemon/config/settings.hpp"

namespace pingjing::config {

std::optional<std::chrono::minutes> parse_minutes(std::string_view text);  // "00:00" to "24:00", since midnight
Hours read_hours(Section& section, const std::string& key, Hours fallback);  // "08:00-21:00"
std::size_t read_size(Section& section, const std::string& key, std::size_t fallback, std::size_t most);  // "16MiB", in bytes
std::optional<std::string> whole_file(const Path& path);  // nullopt: it cannot be read
int whole(Section& section, const std::string& key, int fallback, int least, int most);

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_date(const std::string& text);                              // YYYY-MM-DD
bool made_of(std::string_view text, std::string_view marks);       // letters, figures and these
bool is_listen_address(std::string_view text);                     // ADDRESS:PORT, an IPv6 address in brackets, or unix:/path
bool is_public_url(std::string_view text);                         // http or https, with a host, without a query
bool lies_inside(const Path& inner, const Path& outer);            // or is the same folder

}  // namespace pingjing::config
