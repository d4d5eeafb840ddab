// One connection of libcurl, a request after the other, for a thread that may wait: SFTP, HTTP and HTTPS. Redirects and environment proxies
// off. An SFTP host has to prove that it is the one in known_hosts.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/settings.hpp"

namespace pingjing::delivery {

struct Answer {
    enum class Kind { done, absent, failed } kind = Kind::failed;  // absent: there is no such file
    int status = 0;                                                // HTTP
    std::string body{};
    std::string why{};                                             // failed: no secret in it
    bool done() const { return kind == Kind::done; }
};

class CurlLine {
public:
    // Both outlive it. `stop` set by another thread ends what is under way, within a second or so.
    CurlLine(const config::Delivery& to, const std::atomic<bool>& stop);
    ~CurlLine();

    // Paths begin with '/' and stand behind the target's own.
    Answer get(const std::string& path, std::size_t most);  // a body that is longer is cut off behind `most` + 1 bytes, and done
    // `from`: what is there already is not sent again; SFTP only.
    Answer put(const std::string& path, std::string_view bytes, std::size_t from = 0);
    Answer make_folder(const std::string& path);  // WebDAV; done where it is there already
    // SFTP: within the target's own path. An existing `to` is removed first if `over`.
    Answer rename(const std::string& from, const std::string& to, bool over);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pingjing::delivery
