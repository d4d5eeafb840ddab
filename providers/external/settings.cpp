#include "providers/external/settings.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/un.h>

#include <vector>

namespace pingjing::external {
namespace {

constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

std::optional<uid_t> find_user(const std::string& name) {
    passwd entry{}, *found = nullptr;
    std::vector<char> room(16'384);
    if (getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || !found) return std::nullopt;
    return entry.pw_uid;
}

}  // namespace

std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts) {
    bool was_clean = section.problems().empty();
    Settings out;
    out.channel = facts.name;
    out.source = section.text("source", "");
    out.socket = section.path("socket").string();
    if (!section.has("socket"))
        section.problem("socket",
                        fmt::format("channel '{}' needs 'socket', the path at which its adapter listens", facts.name));
    else if (out.socket.size() > longest_path)
        section.problem("socket", fmt::format("socket: expected a path of at most {} characters", longest_path));
    out.user = section.text("user", "");
    if (!out.user.empty() && !(out.uid = find_user(out.user)))
        section.problem(
            "user",
            fmt::format("user = \"{}\": expected a user of this machine, whose process the adapter is", out.user));
    out.window = static_cast<int>(section.integer("window", out.window, 1, 1000));
    out.connect_timeout = section.duration("connect_timeout", out.connect_timeout, std::chrono::milliseconds(100),
                                           std::chrono::minutes(1));
    out.timeout = section.duration("timeout", out.timeout, std::chrono::milliseconds(100), std::chrono::minutes(5));
    auto& can = out.abilities;
    can.extension = section.integer("extension_digits", 0, 0, 12) > 0;
    can.receipts = section.flag("receipts", true);
    can.replies = section.flag("replies", true);
    can.echoes_ref = section.flag("echoes_ref", true);
    can.late_responses = true;
    can.largest_parts = static_cast<int>(section.integer("largest_parts", 10, 1, 255));
    if (was_clean && !section.problems().empty()) return std::nullopt;
    return out;
}

}  // namespace pingjing::external
