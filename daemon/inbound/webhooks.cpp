#include "daemon/inbound/webhooks.hpp"

#include <memory>
#include <set>

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

// Who only asks whether something is here, a proxy or a checker of links, says nothing of anybody.
http::Response no_callback() {
    auto response = http::problem(405, "Method Not Allowed", "a callback is a GET or a POST");
    response.headers.emplace_back("Allow", "GET, POST");
    return response;
}

asio::awaitable<http::Response> handle(Inbox& inbox, std::shared_ptr<const Hooks> hooks, http::Request request) {
    auto channel = request.captures["channel"];
    const auto* hook = find_hook(*hooks, channel, request.captures["secret"]);
    if (!hook) co_return http::problem(404, "Not Found", "there is nothing here");
    if (request.method == "HEAD") co_return no_callback();

    auto call = delivered(request);
    auto callback = as_callback(call);
    bool understood = false;
    try {
        understood = co_await inbox.take_call(channel, std::move(call), *hook->provider);
    } catch (const store::SqlError&) {
        co_return not_kept();
    }
    co_return answer(*hook->provider, callback, understood);
}

}  // namespace

ReadAgain read_again(HooksNow hooks) {
    return [hooks = std::move(hooks)](const std::string& channel, const provider::Callback& callback) -> Result<provider::CallbackRead> {
        auto now = hooks();
        auto hook = now->find(channel);
        if (hook == now->end()) return fail(Error::Kind::not_found, "the channel is no longer in the configuration");
        return read_callback(*hook->second.provider, callback);
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
