#include "daemon/inbound/cries.hpp"

#include <algorithm>
#include <optional>

namespace pingjing::inbound {
namespace {

constexpr std::string_view with_number = "\n〔来自无法识别的回调,号码请核实 from a callback that nobody can read: check the number〕";
constexpr std::string_view without_number = "\n〔来自无法识别的回调,未能读出号码 from a callback that nobody can read: no number could be read〕";

struct Found {
    std::optional<Phone> from{};
    std::vector<std::string> words{};
    bool do_not_contact = false;
};

// The same words stand in a callback as they are and once more with what surrounds them.
void add(Found& found, const std::string& words) {
    for (const auto& known : found.words)
        if (words.find(known) != words.npos || known.find(words) != known.npos) return;
    found.words.push_back(words);
}

}  // namespace

std::vector<store::Cry> cries_in(const Unread& unread, const OwnWords& own, const ReadDanger& read) {
    std::vector<Found> all;
    for (const auto& value : unread.values) {
        auto danger = read(own.without(value.text));
        if (!danger.emergency) continue;
        auto from = number_of(unread, value.group);
        auto found = std::ranges::find(all, from, &Found::from);
        if (found == all.end() && all.size() == most_cries) continue;
        if (found == all.end()) found = all.insert(all.end(), Found{from, {}, false});
        add(*found, value.text);
        found->do_not_contact = found->do_not_contact || danger.do_not_contact;
    }
    std::vector<store::Cry> out;
    for (auto& found : all) {
        std::string words;
        for (const auto& one : found.words) words += (words.empty() ? "" : "\n") + one;
        out.push_back({found.from, Text(words + std::string(found.from ? with_number : without_number)), found.do_not_contact});
    }
    return out;
}

}  // namespace pingjing::inbound
