#include "daemon/admin/openapi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "daemon/core/templates.hpp"

namespace pingjing::admin {
namespace {

namespace json = boost::json;
using http::Door;
using http::Operation;

std::vector<std::string> words(std::string_view list, char between) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < list.size();) {
        auto end = std::min(list.find(between, at), list.size());
        if (end > at) out.emplace_back(list.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

class Writer {
public:
    Writer() {
        auto text = built_in_template("openapi/components.json");
        if (!text) throw std::logic_error("templates/openapi/components.json was not built in");
        document_ = json::parse(*text).as_object();
    }

    void add(const Operation& o) {
        auto& paths = document_["paths"];
        if (!paths.is_object()) paths = json::object();
        auto& path = paths.as_object()[path_of(o)];
        if (!path.is_object()) path = json::object();
        std::string method(o.method);
        std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });
        path.as_object()[method] = described(o);
    }

    std::string write() const { return json::serialize(document_); }

private:
    json::object reference(const char* kind, std::string_view name) const {
        if (!document_.at("components").at(kind).as_object().contains(name))
            throw std::logic_error(fmt::format("templates/openapi/components.json has no {} in {}", name, kind));
        return {{"$ref", fmt::format("#/components/{}/{}", kind, name)}};
    }

    static std::string path_of(const Operation& o) {
        std::string path(o.pattern);
        std::erase(path, '*');  // OpenAPI has no name for the rest of a path: `rest` may hold slashes
        return path;
    }

    json::object described(const Operation& o) const {
        json::object out{{"operationId", o.id}, {"summary", o.says}, {"tags", json::array{tag_of(o)}}, {"parameters", parameters(o)}};
        if (!o.takes.empty()) out["requestBody"] = reference("requestBodies", o.takes);
        out["responses"] = responses(o);
        out["security"] = security(o);
        if (!o.raw_scopes.empty()) out["x-scopes-when-raw"] = json::value_from(words(o.raw_scopes, ','));
        return out;
    }

    // /v1/desk/{alarm_id}: desk.
    static json::string tag_of(const Operation& o) {
        auto parts = words(o.pattern, '/');
        if (parts.empty()) return "console";
        return json::string(parts[0] == "v1" ? parts[1] : parts[0] == "console" || parts[0] == "control" ? parts[0] : "service");
    }

    json::array parameters(const Operation& o) const {
        json::array out;
        for (const auto& part : words(o.pattern, '/')) {
            if (!part.starts_with('{')) continue;
            auto name = part.substr(1, part.size() - 2);
            if (name.ends_with('*')) name.pop_back();
            out.push_back(json::object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", json::object{{"type", "string"}}}});
        }
        for (const auto& name : words(o.query, ' ')) out.push_back(reference("parameters", name.substr(name.find(':') + 1)));
        return out;
    }

    json::object responses(const Operation& o) const {
        json::object out{{"200", reference("responses", o.answers)}};
        auto problem = reference("responses", "Problem");
        bool token = o.door == Door::scopes || o.door == Door::anybody || o.door == Door::near;
        if (token) out["401"] = problem, out["403"] = problem;
        if (token || o.door == Door::control) out["503"] = problem;
        for (const auto& refusal : words(o.refuses, ' ')) {
            auto equals = refusal.find('=');
            out[refusal.substr(0, equals)] = equals == std::string::npos ? problem : reference("responses", refusal.substr(equals + 1));
        }
        out["default"] = problem;
        return out;
    }

    // Each entry is enough. The words behind a token are its scopes; `admin` may everything.
    static json::array security(const Operation& o) {
        json::array out;
        if (o.door == Door::near) out.push_back(json::object());  // from the machine itself
        if (o.door != Door::scopes && o.door != Door::anybody && o.door != Door::near) return out;
        auto scopes = words(o.scopes, ',');
        if (scopes.empty()) scopes.emplace_back();
        for (const char* way : {"token", "session"})
            for (const auto& scope : scopes)
                out.push_back(json::object{{way, scope.empty() ? json::array() : json::array{json::string(scope)}}});
        return out;
    }

    json::object document_{};
};

}  // namespace

std::string openapi_document(const std::vector<const Operation*>& operations) {
    Writer writer;
    for (const auto* operation : operations) writer.add(*operation);
    return writer.write();
}

void add_openapi_route(http::Router& router) {
    auto routes = router.described();
    routes.insert(routes.begin(), &http::operation("GET", "/openapi.json"));
    auto text = std::make_shared<const std::string>(openapi_document(routes));
    router.add("GET", "/openapi.json", [text](http::Request) -> boost::asio::awaitable<http::Response> {
        http::Response response;
        response.body = *text;
        co_return response;
    });
}

}  // namespace pingjing::admin
