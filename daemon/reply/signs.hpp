// What is looked for in every text, before and besides the rating (domain.md §8). Texts come normalised.
#pragma once
#include <string>
#include <string_view>

#include "daemon/reply/tables.hpp"
#include "daemon/text/normalise.hpp"

namespace pingjing::reply {

struct Signs {
    bool emergency = false, do_not_contact = false;
    bool opt_out = false, opt_in = false, help = false;
    bool no_callback = false;           // "不要回访"
    bool elsewhere = false;             // an advert, a machine, a receipt: not written to us
    bool away = false;                  // elsewhere, by nothing but the words of a phone that answers for its owner
    std::vector<Span> opt_out_phrases;  // to be left out when the rating is read
};
Signs find_signs(std::string_view text);

// The telephone's signature is not the citizen's words: "发自我的iPhone" and what follows it.
text::Normalised without_signature(text::Normalised normal);

// Nor is our own question sent back. Offsets stay.
struct Echo {
    std::string text;
    bool found = false;
};
// Without the clauses before and behind that only greet, thank, excuse or sign: "不好意思才看到。满意", "1 张先生". A text of nothing else stays.
std::string without_courtesy(std::string text);
Echo without_echo(std::string text);

std::vector<Span> find_polite(std::string_view text);  // 谢谢, 你好, 辛苦了: no rating in either direction
bool is_small_talk(std::string_view text);               // nothing but wishes, receipts, a phone's excuses: nobody need read it

}  // namespace pingjing::reply
