#include "daemon/console/exports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <optional>

#include "daemon/core/files.hpp"
#include "daemon/core/night_files.hpp"

namespace pingjing::console {
namespace asio = boost::asio;
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Shelf = std::shared_ptr<const ExportParts>;

constexpr std::size_t most_days = 400;

bool only(std::string_view text, std::string_view letters) { return !text.empty() && text.find_first_not_of(letters) == std::string_view::npos; }

// Names as the nightly run gives them; whatever else lies there is not ours to hand out.
bool is_day(std::string_view name) { return name.size() == 10 && only(name, "0123456789-"); }
bool is_version(std::string_view name) { return name.size() <= 6 && name.starts_with('v') && only(name.substr(1), "0123456789"); }
bool is_file(std::string_view name) {
    auto dot = name.find('.');
    auto end = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    return (end == "csv" || end == "json" || end == "xlsx" || end == "html") && only(name.substr(0, dot), "abcdefghijklmnopqrstuvwxyz_-");
}

std::vector<std::string> names_in(const fs::path& folder, bool (*wanted)(std::string_view)) {
    std::vector<std::string> out;
    std::error_code none;
    for (fs::directory_iterator at(folder, none), end; !none && at != end; at.increment(none))
        if (auto name = at->path().filename().string(); wanted(name)) out.push_back(std::move(name));
    std::ranges::sort(out);
    return out;
}

json::array days_in(const fs::path& folder, bool inspects) {
    json::array out;
    auto days = names_in(folder, is_day);
    for (auto day = days.rbegin(); day != days.rend() && out.size() < most_days; ++day)
        for (const auto& version : names_in(folder / *day, is_version))
        {
            auto files = names_in(folder / *day / version, is_file);
            if (!inspects) std::erase_if(files, is_for_inspection);
            out.push_back(json::object{{"day", *day}, {"version", version}, {"files", json::value_from(files)}});
        }
    return out;
}

std::string kind_of_file(std::string_view name) {
    if (name.ends_with(".csv")) return "text/csv; charset=utf-8";
    if (name.ends_with(".json")) return "application/json";
    return "application/octet-stream";  // not a page of ours, whatever stands in it
}

asio::awaitable<http::Response> list(Shelf p, http::Request request) {
    json::array days;
    std::function<void(store::Connection&)> look = [&days, folder = p->folder(), inspects = request.asker.may("inspect")](store::Connection&) { days = days_in(folder, inspects); };
    co_await p->read(look);
    json::object body{{"exports", std::move(days)}};
    co_return http::private_json(json::serialize(body));
}

asio::awaitable<http::Response> hand_out(Shelf p, http::Request request) {
    const auto& day = request.captures.at("day");
    const auto& version = request.captures.at("version");
    const auto& file = request.captures.at("file");
    if (!is_day(day) || !is_version(version) || !is_file(file)) co_return http::problem(404, "Not Found", "there is no such file");
    if (is_for_inspection(file) && !request.asker.may("inspect")) co_return http::problem(403, "Forbidden", "signals and funnel need the scope inspect");
    std::optional<std::string> text;
    std::function<void(store::Connection&)> look = [&text, path = p->folder() / day / version / file](store::Connection&) { text = read_plain_file(path, largest_night_file); };
    co_await p->read(look);
    if (!text) co_return http::problem(404, "Not Found", "there is no such file");
    auto response = http::private_json(std::move(*text));
    response.content_type = kind_of_file(file);
    response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}-{}-{}\"", day, version, file));
    co_return response;
}

}  // namespace

void add_export_routes(http::Router& router, const http::Guard& guard, ExportParts parts) {
    auto p = std::make_shared<const ExportParts>(std::move(parts));
    router.add("GET", "/console/exports", guard, [p](http::Request request) { return list(p, std::move(request)); });
    router.add("GET", "/console/exports/{day}/{version}/{file}", guard, [p](http::Request request) { return hand_out(p, std::move(request)); });
}

}  // namespace pingjing::console
