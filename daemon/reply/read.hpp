// What a citizen's text means (domain.md §7–8): a pure function of text and tables, with the rule that decided.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/rating.hpp"
#include "daemon/core/result.hpp"

namespace pingjing::reply {

enum class Label { rating, opt_out, help, none, ambiguous };
enum class Method { code, words, emoji, none };
std::string_view method_name(Method m);

struct Verdict {
    Label label = Label::ambiguous;
    std::optional<int> rating;     // in the digits of the scale asked: 1…3 on 110-3, 1…5 on csat-5; also where label is opt_out
    bool emergency = false;        // raise an alarm, whatever else the text says
    bool do_not_contact = false;   // "别回电": alarm, but send nothing back
    bool opt_in = false;           // START, 恢复
    bool correction = false;       // words of correction: 打错, 不是3
    bool zero = false;             // a bare 0: after a 3 no call-back is wished, else what the site's text offers it for
    bool no_callback = false;      // the same in words, or a bare 0
    bool complaint = false;        // the words complain, whatever the code says (a 2 with "太慢了")
    std::string comment;           // what stands beside the code, as written
    Method method = Method::none;
    double confidence = 0;         // 0…1
    std::string why;               // the rule, e.g. "code.frame", "words.negated", "none.question"
    std::string normalised;        // what the rules saw
};

// "satisfied" … for 110-3, "1"…"5" for csat-5 ratings; opt_out help none ambiguous.
std::string label_text(const Verdict& verdict, Scale scale);
// The grade of a verdict's rating on its scale.
std::optional<Grade> grade_of(const Verdict& verdict, Scale scale);

// Tables come from templates/language/ (built in). Stateless and safe to call from anywhere; bounded time for any bytes:
// texts over 2,000 characters are read by their first 2,000.
Verdict read(Scale scale, std::string_view utf8);

}  // namespace pingjing::reply
