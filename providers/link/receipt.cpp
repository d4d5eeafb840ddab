#include "providers/link/receipt.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pingjing::link {
namespace {

using provider::Receipt;
using provider::ReceiptState;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

constexpr std::string_view known_keys[] = {"id:", "sub:", "dlvrd:", "submit date:", "submitdate:", "submit_date:", "done date:", "donedate:", "done_date:", "stat:", "err:", "text:"};

// The first place where one of `keys` stands as a word of its own. Its value ends with a blank; where another key follows at once
// there is none.
std::string value_of(std::string_view text, const std::string& lowered, std::initializer_list<std::string_view> keys) {
    std::size_t first = text.npos, after = 0;
    for (auto key : keys)
        for (auto at = lowered.find(key); at != lowered.npos; at = lowered.find(key, at + 1)) {
            if (at > 0 && lowered[at - 1] != ' ') continue;
            if (at < first) first = at, after = at + key.size();
            break;
        }
    if (first == text.npos) return {};
    while (after < text.size() && text[after] == ' ') ++after;
    for (auto key : known_keys)
        if (std::string_view(lowered).substr(after).starts_with(key)) return {};
    auto end = std::min(text.find(' ', after), text.size());
    return std::string(text.substr(after, end - after));
}

std::optional<int> two_digits(std::string_view text, std::size_t at) {
    int value = 0;
    auto piece = text.substr(at, 2);
    auto [end, bad] = std::from_chars(piece.data(), piece.data() + piece.size(), value);
    if (piece.size() != 2 || bad != std::errc{} || end != piece.data() + 2 || piece[0] == '-') return std::nullopt;
    return value;
}

struct Row { std::string_view word; ReceiptState state; Receipt::Meaning meaning = Receipt::Meaning::none; };
constexpr auto no_such_number = Receipt::Meaning::number_invalid;
constexpr auto black_list = Receipt::Meaning::opted_out;
// Exact ones first, then beginnings. The numbers behind MK: and DB: are the carriers' own.
constexpr Row words[] = {
    {"DELIVRD", ReceiptState::delivered}, {"DELIVERED", ReceiptState::delivered}, {"CM:0000", ReceiptState::delivered}, {"000", ReceiptState::delivered},
    {"ACCEPTD", ReceiptState::buffered}, {"ACCEPTED", ReceiptState::buffered}, {"ENROUTE", ReceiptState::buffered}, {"BUFFRED", ReceiptState::buffered},
    {"BUFFERD", ReceiptState::buffered}, {"ACKED", ReceiptState::buffered}, {"SCHEDLD", ReceiptState::buffered},
    {"EXPIRED", ReceiptState::expired}, {"IC:0151", ReceiptState::expired}, {"IC:0154", ReceiptState::expired},
    {"UNDELIV", ReceiptState::failed}, {"UNDELIVERABLE", ReceiptState::failed}, {"DELETED", ReceiptState::failed}, {"REJECTD", ReceiptState::failed},
    {"REJECTED", ReceiptState::failed}, {"REJECT", ReceiptState::failed}, {"SKIPPED", ReceiptState::failed}, {"UNKNOWN", ReceiptState::unknown},
    {"MK:0000", ReceiptState::failed, no_such_number}, {"MK:0001", ReceiptState::failed, no_such_number}, {"DB:0101", ReceiptState::failed, no_such_number},
    {"CB:0001", ReceiptState::failed, no_such_number},
    {"DB:0141", ReceiptState::failed, black_list}, {"DB:0144", ReceiptState::failed, black_list}, {"MBBLACK", ReceiptState::failed, black_list},
    {"DBBLACK", ReceiptState::failed, black_list}, {"MSBLACK", ReceiptState::failed, black_list}, {"TDBLACK", ReceiptState::failed, black_list},
    {"TSBLACK", ReceiptState::failed, black_list}, {"KEYWORD", ReceiptState::failed}, {"MILIMIT", ReceiptState::failed}, {"LIMIT", ReceiptState::failed},
    {"BEYONDN", ReceiptState::failed}, {"CTLIMIT", ReceiptState::failed},
};
constexpr Row beginnings[] = {{"BLACK", ReceiptState::failed, black_list}, {"CMPPERR:", ReceiptState::failed}};

// "MK:0012", "AF:4": two letters, a colon, a number: somebody on the way refused or lost it.
bool is_carrier_code(std::string_view word) {
    return word.size() >= 4 && word[2] == ':' && std::isupper(static_cast<unsigned char>(word[0])) && std::isupper(static_cast<unsigned char>(word[1])) &&
           std::all_of(word.begin() + 3, word.end(), [](unsigned char c) { return std::isalnum(c); });
}

}  // namespace

ReceiptText read_receipt_text(std::string_view raw) {
    std::string text(raw);
    std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
    auto lowered = lower(text);
    ReceiptText out;
    out.id = value_of(text, lowered, {"id:"});
    out.stat = value_of(text, lowered, {"stat:"});
    out.error = value_of(text, lowered, {"err:"});
    out.counted = value_of(text, lowered, {"sub:", "dlvrd:"});
    out.submitted = value_of(text, lowered, {"submit date:", "submitdate:", "submit_date:"});
    out.done = value_of(text, lowered, {"done date:", "donedate:", "done_date:"});
    return out;
}

ReceiptWord read_receipt_word(std::string_view word) {
    std::string upper(word);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    for (const auto& row : words)
        if (row.word == upper) return {row.state, row.meaning};
    for (const auto& row : beginnings)
        if (upper.starts_with(row.word)) return {row.state, row.meaning};
    if (is_carrier_code(upper)) return {ReceiptState::failed, Receipt::Meaning::none};
    return {};
}

Receipt receipt_of(std::string_view stat) {
    Receipt receipt;
    auto word = read_receipt_word(stat);
    receipt.state = word.state, receipt.meaning = word.meaning;
    if (receipt.state == ReceiptState::unknown && stat != "UNKNOWN" && !stat.empty()) receipt.state = ReceiptState::failed;
    receipt.code = stat.empty() ? "a report without a state" : std::string(stat);
    return receipt;
}

std::optional<Instant> read_receipt_time(std::string_view text, std::chrono::minutes offset) {
    if (text.size() != 10 && text.size() != 12 && text.size() != 16) return std::nullopt;
    int field[6] = {};
    for (std::size_t i = 0; i < (text.size() == 10 ? 5u : 6u); ++i) {
        auto value = two_digits(text, i * 2);
        if (!value) return std::nullopt;
        field[i] = *value;
    }
    if (text.size() == 16) {
        auto quarters = two_digits(text, 13);
        if (!quarters || *quarters > 48 || (text[15] != '+' && text[15] != '-')) return std::nullopt;
        offset = std::chrono::minutes(15 * *quarters * (text[15] == '+' ? 1 : -1));
    }
    using namespace std::chrono;
    year_month_day day{year(field[0] + (field[0] < 38 ? 2000 : 1900)), month(static_cast<unsigned>(field[1])), std::chrono::day(static_cast<unsigned>(field[2]))};
    if (!day.ok() || field[3] > 23 || field[4] > 59 || field[5] > 59) return std::nullopt;
    return Instant(sys_days(day)) + hours(field[3]) + minutes(field[4]) + seconds(field[5]) - offset;
}

}  // namespace pingjing::link
