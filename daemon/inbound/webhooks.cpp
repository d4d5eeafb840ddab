#include "daemon/inbound/webhooks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::inbound {
namespace {

// In time that depends on lengths alone.
bool equal(const std::string& a, const std::string& b) {
    unsigned char differs = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size(); ++i) differs = static_cast<unsigned char>(differs | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()])));
    return differs == 0;
}

const Hook* find_hook(const Hooks& hooks, const std::string& channel, const std::string& secret) {
    const Hook* found = nullptr;
    for (const auto& [name, hook] : hooks)
        for (const auto& known : hook.secrets)
            if (bool right = equal(secret, known); name == channel && right) found = &hook;
    return found;
}

http::Response answer(const provider::Provider& provider, const provider::Callback& callback, bool understood) {
    auto wanted = provider.answer_to(callback, understood);
    http::Response response;
    response.status = wanted.status;
    response.content_type = wanted.content_type;
    response.body = std::move(wanted.body);
    return response;
}

http::Response not_kept() {
    auto response = http::problem(503, "not kept", "the store cannot write now; send it again");
    response.headers.emplace_back("Retry-After", "10");
    response.body.clear(), response.content_type.clear();  // an answer can reach the citizen as an SMS
    return response;
}

// Headers that carry a message to us and say nothing of it, or let somebody in.
bool belongs_to_the_way(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    for (std::string_view family : {"accept", "upgrade", "x-forwarded-"})
        if (lower.starts_with(family)) return true;
    static const std::set<std::string, std::less<>> names = {"connection", "content-length", "content-type", "host", "user-agent", "x-real-ip", "forwarded", "via",
                                                             "authorization", "cookie", "cache-control", "pragma", "keep-alive", "expect", "te"};
    return names.contains(lower);
}

store::HookCall delivered(const http::Request& request) {
    store::HookCall call(request.body);
    call.method = request.method, call.query = request.query, call.content_type = request.header("content-type");
    if (auto rest = request.captures.find("rest"); rest != request.captures.end()) call.path = rest->second;
    for (const auto& [name, value] : request.headers)
        if (!belongs_to_the_way(name)) call.headers.emplace_back(name, value);
    return call;
}

// All that is taken of a callback is one commit, and the thread that answers everybody reads it.
constexpr std::size_t most_items = 1000;
Result<provider::CallbackRead> unless_too_many(Result<provider::CallbackRead> read) {
    if (!read) return read;
    using Kind = provider::CallbackRead::Kind;
    auto no_item = [](const provider::CallbackRead::Left& left) { return left.kind == Kind::unnamed_state || left.kind == Kind::beside; };
    auto items = read->inbound.size() + read->left.size() - static_cast<std::size_t>(std::ranges::count_if(read->left, no_item));
    if (items <= most_items) return read;
    return fail(Error::Kind::invalid_input, fmt::format("{} items; at most {} are taken from one callback", items, most_items));
}

// Whatever a mapping stumbles over is kept and looked at like any other callback that it cannot read.
Result<provider::CallbackRead> read(const provider::Provider& provider, const provider::Callback& callback) {
    try {
        return unless_too_many(provider.read_callback(callback));
    } catch (const std::exception& error) {
        log::error("hook.reading_failed", {{"why", error.what()}});
        return fail(Error::Kind::internal, "reading it failed");
    }
}

asio::awaitable<http::Response> handle(Inbox& inbox, std::shared_ptr<const Hooks> hooks, http::Request request) {
    auto channel = request.captures["channel"];
    const auto* hook = find_hook(*hooks, channel, request.captures["secret"]);
    if (!hook) co_return http::problem(404, "Not Found", "there is nothing here");

    auto call = delivered(request);
    auto callback = as_callback(call);
    auto said = read(*hook->provider, callback);
    bool kept = true;
    try {
        if (said) co_await inbox.take_body(channel, call, *said);
        else co_await inbox.quarantine(channel, call, said.error().detail);
    } catch (const store::SqlError& error) {
        log::error("hook.not_kept", {{"channel", channel}, {"why", error.what()}});
        kept = false;
    }
    if (!kept) {
        metrics::count("hook_unkept_total", {{"channel", channel}});
        if (said) inbox.hear_unkept(channel, call, *said);
        else inbox.hear_unkept(channel, call);
        co_return not_kept();
    }
    co_return answer(*hook->provider, callback, said.has_value());
}

}  // namespace

ReadAgain read_again(HooksNow hooks) {
    return [hooks = std::move(hooks)](const std::string& channel, const provider::Callback& callback) -> Result<provider::CallbackRead> {
        auto now = hooks();
        auto hook = now->find(channel);
        if (hook == now->end()) return fail(Error::Kind::not_found, "the channel is no longer in the configuration");
        return read(*hook->second.provider, callback);
    };
}

void add_hooks(http::Router& router, Inbox& inbox, HooksNow hooks) {
    for (const char* method : {"GET", "POST"})
        for (const char* pattern : {"/v1/hooks/{channel}/{secret}", "/v1/hooks/{channel}/{secret}/{rest*}"}) {
            auto handler = [&inbox, hooks](http::Request request) { return handle(inbox, hooks(), std::move(request)); };
            router.add(method, pattern, handler);
        }
}

}  // namespace pingjing::inbound
