#include "daemon/inbound/cries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

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
    bool do_not_contact = false;
};

// The same words stand in a callback as they are and once more with what surrounds them; longer ones may say more than short ones.
void add(Found& found, const std::string& words) {
    for (const auto& known : found.words)
        if (known.find(words) != known.npos) return;
    found.words.push_back(words);
}

std::string joined(const std::vector<std::string>& all) {
    std::string out;
    std::size_t left = 0;
    for (const auto& one : all) {
        if (out.size() + one.size() > longest_words) ++left;
        else out += (out.empty() ? "" : "\n") + one;
    }
    if (left > 0) out += fmt::format("\n〔另有 {} 条 and {} texts more〕", left, left);
    return out;
}

// The last ones, each with its number.
Found folded(std::vector<Found>& all) {
    Found rest;
    std::set<std::optional<Phone>> numbers;
    for (auto it = all.begin() + (most_cries - 1); it != all.end(); ++it) {
        numbers.insert(it->from);
        for (const auto& words : it->words) rest.words.push_back((it->from ? it->from->reveal() : std::string("?")) + ": " + words);
        rest.do_not_contact = rest.do_not_contact || it->do_not_contact;
    }
    rest.words.insert(rest.words.begin(), fmt::format("〔{} 个号码的求救合并于此 the cries of {} numbers in one alarm〕", numbers.size(), numbers.size()));
    return rest;
}

}  // namespace

Listened listen(const Unread& piece, const OwnWords& own, const ReadDanger& read) {
    Listened heard;
    heard.all = piece.bytes_left == 0 && !piece.values_left;
    heard.numbers_left = piece.numbers_left;
    for (const auto& value : piece.values) {
        auto words = own.without(value.text);
        heard.text = heard.text || (value.named && words.find_first_not_of(" \t\r\n") != words.npos && words != "。");
        auto danger = read(words);
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
            if (is_new) all.push_back({cry.from, {}, false});
            auto& found = all[at->second];
            add(found, cry.words);
            found.do_not_contact = found.do_not_contact || cry.do_not_contact;
        }
    }
    heard.all = texts && numbers;
    std::string notes(numbers ? "" : numbers_left);
    if (!texts) notes += texts_left;
    if (all.size() > most_cries) {
        auto rest = folded(all);
        all.resize(most_cries - 1);
        all.push_back(std::move(rest));
    }
    for (auto& found : all)
        heard.cries.push_back({found.from, Text(joined(found.words) + std::string(found.from ? with_number : without_number) + notes), found.do_not_contact});
    return heard;
}

Heard listen(const std::vector<Unread>& pieces, const OwnWords& own, const ReadDanger& read) {
    std::vector<Listened> listened;
    for (const auto& piece : pieces) listened.push_back(listen(piece, own, read));
    return together(listened);
}

}  // namespace pingjing::inbound
