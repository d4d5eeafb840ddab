#include "providers/http/document.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <set>

#include "daemon/text/json_list.hpp"
#include "providers/http/response.hpp"

namespace pingjing::generic_http {
namespace {

namespace json = boost::json;

// Carriers cut texts between the halves of a character; what stands before the cut is still what somebody wrote.
Result<std::optional<json::value>> read_json_as_far(std::string_view text) {
    auto read = read_json(text);
    if (read && !*read && text.find("\\u") != text.npos) return read_json(with_whole_escapes(text));
    return read;
}

}  // namespace

Result<std::optional<Document>> Document::read(std::string_view text, const std::vector<std::string>& lists) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    Document out;
    auto whole = read_json_as_far(text);
    if (whole && *whole) {
        out.whole_ = std::make_unique<json::value>(std::move(**whole));
        return out;
    }
    out.text_ = std::make_unique<std::string>(text);
    if (out.take_apart(lists)) return out;
    if (!whole) return tl::unexpected(whole.error());
    return std::nullopt;
}

// Each list by itself; what is left has to be JSON.
bool Document::take_apart(const std::vector<std::string>& lists) {
    std::vector<std::pair<std::size_t, std::size_t>> places;
    for (const auto& pointer : std::set(lists.begin(), lists.end())) {
        auto list = find_json_list(*text_, pointer);
        if (!list || std::ranges::any_of(places, [&](const auto& p) { return list->begin < p.second && p.first < list->end; })) continue;
        places.emplace_back(list->begin, list->end);
        auto& made = lists_.emplace_back(List{pointer, {}});
        for (auto raw : list->elements) {
            // An element is an object, a list or a scalar; only the first two are read alone.
            auto read = read_json_as_far(raw);
            auto& piece = made.pieces.emplace_back(Piece{raw, nullptr, {}});
            if (!read) piece.problem = read.error().detail;
            else if (!*read) piece.problem = "not JSON";
            else piece.json = std::make_unique<json::value>(std::move(**read));
        }
    }
    if (places.empty()) return false;
    std::ranges::sort(places);
    std::string rest;
    std::size_t at = 0;
    for (auto [begin, end] : places) {
        rest += std::string_view(*text_).substr(at, begin - at);
        rest += "[]";
        at = end;
    }
    auto whole = read_json_as_far(rest + text_->substr(at));
    if (!whole || !*whole) return false;
    whole_ = std::make_unique<json::value>(std::move(**whole));
    return true;
}

Result<std::vector<Document::Element>> Document::elements(const std::string& pointer) const {
    std::vector<Element> out;
    auto place = [&](std::size_t index) { return pointer + "/" + std::to_string(index); };
    if (auto apart = std::ranges::find(lists_, pointer, &List::pointer); apart != lists_.end()) {
        for (const auto& piece : apart->pieces) out.push_back({place(out.size()), out.size() + 1, piece.json.get(), piece.raw, piece.problem});
        return out;
    }
    const json::value* found = whole_.get();
    if (!pointer.empty()) {
        json::error_code error;
        found = whole_->find_pointer(pointer, error);
        if (!found || !found->is_array()) return fail(Error::Kind::invalid_input, "no list at " + pointer);
    }
    const auto* list = found->if_array();
    if (!list) return std::vector<Element>{{"", 0, found, {}, {}}};
    for (const auto& item : *list) out.push_back({place(out.size()), out.size() + 1, &item, {}, {}});
    return out;
}

}  // namespace pingjing::generic_http
