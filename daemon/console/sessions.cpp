#include "daemon/console/sessions.hpp"

#include <sodium.h>

#include <algorithm>

namespace pingjing::console {
namespace {

constexpr std::size_t most_sessions = 1000;  // the one that was not used for longest goes
constexpr int word_letters = 52;

std::string hash_of(const std::string& word) {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(word.data()), word.size());
    return out;
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

bool only_reads(const http::Request& request) { return request.method == "GET" || request.method == "HEAD"; }

}  // namespace

std::string Sessions::open(std::int64_t token) {
    forget_old();
    auto word = random_.word(word_letters);
    open_[hash_of(word)] = {token, clock_.steady(), clock_.steady()};
    return word;
}

bool Sessions::is_over(const Open& session) const {
    auto now = clock_.steady();
    return now - session.since >= lifetime_.whole || now - session.used >= lifetime_.idle;
}

std::optional<std::int64_t> Sessions::find(const std::string& word) {
    auto found = open_.find(hash_of(word));
    if (found == open_.end()) return std::nullopt;
    if (is_over(found->second)) {
        open_.erase(found);
        return std::nullopt;
    }
    found->second.used = clock_.steady();
    return found->second.token;
}

void Sessions::close(const std::string& word) { open_.erase(hash_of(word)); }

void Sessions::forget_old() {
    std::erase_if(open_, [this](const auto& one) { return is_over(one.second); });
    auto used = [](const auto& a, const auto& b) { return a.second.used < b.second.used; };
    while (open_.size() >= most_sessions) open_.erase(std::ranges::min_element(open_, used));
}

bool Sessions::too_many_wrong() {
    constexpr double each_second = 1.0 / 6;
    auto now = clock_.steady();
    wrong_left_ = std::min(most_wrong, wrong_left_ + std::chrono::duration<double>(now - wrong_at_).count() * each_second);
    wrong_at_ = now;
    if (wrong_left_ < 1) return true;
    wrong_left_ -= 1;
    return false;
}

std::string cookie_of(const http::Request& request) {
    const auto cookies = request.header("Cookie");
    std::string_view rest = cookies;
    const std::string_view name = session_cookie;
    while (!rest.empty()) {
        auto one = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
        if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) return std::string(one.substr(name.size() + 1));
    }
    return {};
}

std::string origin_of(const std::string& url) {
    auto scheme = url.find("://");
    if (scheme == std::string::npos) return {};
    return lower(url.substr(0, url.find('/', scheme + 3)));
}

std::optional<std::string> is_foreign(const http::Request& request, const std::string& public_origin) {
    // "same-site" is another port of this host: somebody else's program. "none": typed into the address bar.
    auto from = request.header("Sec-Fetch-Site");
    if (!from.empty() && from != "same-origin" && !(from == "none" && only_reads(request))) return "a session serves the pages of its own origin only";
    if (only_reads(request)) return std::nullopt;
    if (request.header(page_header).empty()) return std::string("with a session, what changes something needs the header ") + page_header;
    auto origin = lower(request.header("Origin"));
    auto host = lower(request.header("Host"));
    bool ours = !origin.empty() && (origin == "http://" + host || origin == "https://" + host || origin == public_origin);
    if (!ours) return "this request does not come from a page of this console";
    return std::nullopt;
}

}  // namespace pingjing::console
