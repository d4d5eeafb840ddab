#include "daemon/inbound/cries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace pingjing::inbound {
namespace {

constexpr std::string_view with_number = "\n〔来自无法识别的回调,号码请核实 from a callback that nobody can read: check the number〕";
constexpr std::string_view without_number = "\n〔来自无法识别的回调,未能读出号码 from a callback that nobody can read: no number could be read〕";
constexpr std::string_view numbers_left = "\n〔回调中号码过多,未全部读取 it holds more numbers than are looked at〕";
constexpr std::string_view texts_left = "\n〔回调内容过长,未全部查看 not all of it was looked at: there may be more〕";
constexpr std::size_t longest_words = 16 * 1024;  // of one alarm

struct Found {
    std::optional<Phone> from{};
    std::vector<std::string> words{};
    std::size_t bytes = 0, left = 0;  // of the words; texts for which there was no more room
    bool do_not_contact = false;
};

// The same words stand in a callback as they are and once more with what surrounds them; longer ones may say more than short ones.
// What an alarm has no room for is compared with nothing: whoever writes thousands of texts has each of them looked at once.
void add(Found& found, const std::string& words) {
    if (found.bytes + words.size() > longest_words) return void(++found.left);
    for (const auto& known : found.words)
        if (known.find(words) != known.npos) return;
    found.words.push_back(words);
    found.bytes += words.size();
}

std::string joined(const Found& found) {
    std::string out;
    for (const auto& one : found.words) out += (out.empty() ? "" : "\n") + one;
    if (found.left > 0) out += fmt::format("\n〔另有 {} 条 and {} texts more〕", found.left, found.left);
    return out;
}

store::Cry cry_of(const Found& found, std::string_view notes) {
    return {found.from, Text(joined(found) + std::string(notes)), found.do_not_contact, {}};
}

// The last ones, each with its number.
store::Cry folded(const std::vector<Found>& all, std::string_view notes) {
    store::Cry rest;
    for (auto it = all.begin() + (most_cries - 1); it != all.end(); ++it) {
        rest.folded.push_back(cry_of(*it, ""));
        rest.do_not_contact = rest.do_not_contact || it->do_not_contact;
    }
    auto numbers = rest.folded.size();  // each is another's
    rest.words = Text(fmt::format("〔{} 个号码的求救合并于此 the cries of {} numbers in one alarm〕{}", numbers, numbers, notes));
    return rest;
}

}  // namespace

Listened listen(const Unread& piece, const OwnWords& own, const ReadDanger& read) {
    Listened heard;
    heard.all = piece.bytes_left == 0 && !piece.values_left;
    heard.numbers_left = piece.numbers_left;
    std::unordered_map<std::string_view, Danger> known;  // vendors put the same name or sign into each item
    for (const auto& value : piece.values) {
        auto words = own.without(value.text);
        heard.text = heard.text || (value.named && words.find_first_not_of(" \t\r\n") != words.npos && words != "。");
        auto [said, is_new] = known.try_emplace(value.text);
        if (is_new) said->second = read(words);
        auto danger = said->second;
        heard.request = heard.request || danger.request;
        if (danger.emergency) heard.cries.push_back({number_of(piece, value.group), value.text, danger.do_not_contact});
    }
    return heard;
}

Heard together(const std::vector<Listened>& pieces) {
    Heard heard;
    std::vector<Found> all;
    std::map<std::optional<Phone>, std::size_t> place;  // in `all`, which is in the order in which they cry
    bool numbers = true, texts = true;
    for (const auto& piece : pieces) {
        texts = texts && piece.all, numbers = numbers && !piece.numbers_left;
        heard.request = heard.request || piece.request, heard.text = heard.text || piece.text;
        for (const auto& cry : piece.cries) {
            auto [at, is_new] = place.emplace(cry.from, all.size());
            if (is_new) all.push_back({cry.from, {}, 0, 0, false});
            auto& found = all[at->second];
            add(found, cry.words);
            found.do_not_contact = found.do_not_contact || cry.do_not_contact;
        }
    }
    heard.all = texts && numbers;
    std::string notes(numbers ? "" : numbers_left);
    if (!texts) notes += texts_left;
    bool fold = all.size() > most_cries;
    for (std::size_t n = 0; n < (fold ? most_cries - 1 : all.size()); ++n)
        heard.cries.push_back(cry_of(all[n], std::string(all[n].from ? with_number : without_number) + notes));
    if (fold) heard.cries.push_back(folded(all, std::string(with_number) + notes));
    return heard;
}

Heard listen(const std::vector<Unread>& pieces, const OwnWords& own, const ReadDanger& read) {
    std::vector<Listened> listened;
    for (const auto& piece : pieces) listened.push_back(listen(piece, own, read));
    return together(listened);
}

}  // namespace pingjing::inbound
