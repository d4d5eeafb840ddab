#include "daemon/intake/api.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <deque>

#include "daemon/core/signed_note.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::intake {
namespace {

namespace json = boost::json;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

struct MediaType {
    std::string type{}, charset{};
};
MediaType read_media_type(std::string_view header) {
    MediaType out;
    out.type = lower(trim(header.substr(0, header.find(';'))));
    while (header.find(';') != std::string_view::npos) {
        header.remove_prefix(header.find(';') + 1);
        auto parameter = header.substr(0, header.find(';'));
        auto equals = parameter.find('=');
        if (equals == std::string_view::npos || lower(trim(parameter.substr(0, equals))) != "charset") continue;
        auto value = trim(parameter.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        out.charset = lower(value);
    }
    // GB18030 holds all of the older two; whoever says them means what Windows wrote.
    if (out.charset == "gbk" || out.charset == "gb2312" || out.charset == "cp936") out.charset = "gb18030";
    if (out.charset == "utf8") out.charset = "utf-8";
    return out;
}

// What the headers say, or why they are no good. The document looks into the request.
tl::expected<Document, http::Response> describe(const http::Request& request) {
    auto refuse = [](const char* why) { return tl::unexpected(http::problem(415, "Unsupported Media Type", why)); };
    auto media = read_media_type(request.header("Content-Type"));
    bool csv = media.type == "text/csv";
    if (!csv && media.type != "application/json" && media.type != "application/x-ndjson")
        return refuse("Content-Type: expected application/json, application/x-ndjson or text/csv");
    if (csv && !media.charset.empty() && media.charset != "utf-8" && media.charset != "gb18030" && media.charset != "auto")
        return refuse("charset: expected utf-8, gb18030 or auto");
    // What is posted is JSON as its standard has it; in files we take what there is.
    if (!csv && !request.trusted && !media.charset.empty() && media.charset != "utf-8") return refuse("charset: JSON is UTF-8");
    if (auto coding = lower(request.header("Content-Encoding")); !coding.empty() && coding != "identity")
        return refuse("Content-Encoding: expected none");

    Document document{.bytes = request.body, .content_type = media.type, .charset = media.charset, .mapping = request.parameter("mapping")};
    if (auto line = request.header("X-First-Line"); request.trusted && !line.empty()) {
        auto [end, bad] = std::from_chars(line.data(), line.data() + line.size(), document.first_line);
        if (bad != std::errc() || end != line.data() + line.size())
            return tl::unexpected(http::problem(400, "Bad Request", "X-First-Line: expected a whole number"));
    }
    return document;
}

json::object results_of(const std::vector<RowAnswer>& answers) {
    json::array results;
    results.reserve(answers.size());
    for (const auto& a : answers)
        results.push_back(json::object{{"line", a.line}, {"id", a.id}, {"outcome", a.outcome}, {"reason", a.reason}, {"detail", a.detail}});
    return {{"results", std::move(results)}};
}
http::Response tell(const json::value& answer) {
    http::Response response;
    response.body = json::serialize(answer);
    return response;
}

// [{"bytes": base64, "content_type", "charset", "mapping", "first_line"}]; `bytes` keeps what the documents look into.
Result<std::vector<Document>> read_documents(std::string_view body, std::deque<std::string>& bytes) {
    boost::system::error_code bad;
    auto all = json::parse(body, bad);
    if (bad || !all.is_array()) return fail(Error::Kind::invalid_input, "expected an array of documents");
    std::vector<Document> documents;
    for (const auto& one : all.as_array()) {
        auto text = [&](const char* name) { return std::string(one.at(name).as_string()); };
        try {
            if (!one.is_object()) return fail(Error::Kind::invalid_input, "expected an array of documents");
            auto content = from_base64(text("bytes"));
            if (!content) return fail(Error::Kind::invalid_input, "bytes: expected base64");
            bytes.push_back(std::move(*content));
            documents.push_back({.bytes = bytes.back(), .content_type = text("content_type"), .charset = text("charset"), .mapping = text("mapping"), .first_line = one.at("first_line").to_number<std::int64_t>()});
        } catch (const std::exception& error) {
            return fail(Error::Kind::invalid_input, error.what());
        }
    }
    return documents;
}

http::Response store_failed() {
    auto response = http::problem(503, "Service Unavailable", "the store could not take the rows: nothing was stored. Sending everything again is safe");
    response.headers.emplace_back("Retry-After", "10");
    return response;
}

struct Door {
    Intake& intake;
    RulesNow rules;
    const Clock& clock;
    std::function<void()> arrived;
};

asio::awaitable<http::Response> take_calls(std::shared_ptr<const Door> door, http::Request request) {
    auto document = describe(request);
    if (!document) co_return std::move(document.error());

    auto rules = door->rules();  // held to the end: a reload may replace it meanwhile
    auto records = rules->records;
    records.now = door->clock.now();
    records.source = request.parameter("source");
    bool asked_about = records.source.empty() || rules->site.services.names(plain_source(records.source));
    if (!asked_about || records.source.size() > 64 || hide_mobiles(records.source) != records.source) co_return http::problem(400, "Bad Request", "source: expected one of the sources of a [[survey.service]]");
    std::string source = request.trusted ? "import" : "http";
    try {
        // Who posts hears of all or of nothing; a file comes in pieces, and its rows one after the other.
        auto commit = request.trusted ? Intake::Commit::in_blocks : Intake::Commit::whole;
        auto taking = door->intake.take(*document, std::move(records), rules->site, std::move(source), commit);
        auto taken = co_await std::move(taking);
        if (!taken) co_return http::problem(400, "Bad Request", taken.error().detail);
        auto stored = [](const RowAnswer& a) { return a.outcome != "rejected" && a.outcome != "unchanged"; };
        if (door->arrived && std::any_of(taken->begin(), taken->end(), stored)) door->arrived();
        co_return tell(results_of(*taken));
    } catch (const store::SqlError& error) {
        log::error("intake.store", {{"why", error.what()}});
        metrics::count("intake_store_failures_total");
    }
    co_return store_failed();
}

// Nothing of it stays; so what one file would change is there for the next.
asio::awaitable<http::Response> try_calls(std::shared_ptr<const Door> door, http::Request request) {
    if (!request.trusted) co_return http::problem(403, "Forbidden", "a dry run is for the control socket");
    std::deque<std::string> bytes;
    auto documents = read_documents(request.body, bytes);
    if (!documents) co_return http::problem(400, "Bad Request", documents.error().detail);
    auto rules = door->rules();
    auto records = rules->records;
    records.now = door->clock.now();
    try {
        auto trying = door->intake.try_out(std::move(*documents), std::move(records), rules->site);
        auto tried = co_await std::move(trying);
        if (!tried) co_return http::problem(400, "Bad Request", tried.error().detail);
        json::array answers;
        for (const auto& one : *tried) answers.push_back(one ? results_of(*one) : json::object{{"detail", one.error().detail}});
        co_return tell(json::object{{"documents", std::move(answers)}});
    } catch (const store::SqlError& error) {
        log::error("intake.store", {{"why", error.what()}});
    }
    co_return store_failed();
}

}  // namespace

void add_calls_route(http::Router& router, const http::Guard& guard, Intake& intake, RulesNow rules, const Clock& clock,
                     std::function<void()> arrived) {
    auto door = std::make_shared<const Door>(Door{intake, std::move(rules), clock, std::move(arrived)});
    auto handler = [door](http::Request request) { return take_calls(door, std::move(request)); };
    router.add("POST", "/v1/calls", guard, handler);
    router.add("POST", "/control/dry-run", [door](http::Request request) { return try_calls(door, std::move(request)); });
}

}  // namespace pingjing::intake
