// The reply reader: whatever a citizen writes, the verdict is one of the closed set and the rating on the scale that was asked.
#include <algorithm>
#include <array>

#include "daemon/reply/read.hpp"
#include "daemon/text/normalise.hpp"
#include "daemon/text/utf.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {
namespace {

using reply::Label, reply::Method, reply::Verdict;

bool same(const Verdict& a, const Verdict& b) {
    return a.label == b.label && a.rating == b.rating && a.emergency == b.emergency && a.do_not_contact == b.do_not_contact && a.opt_in == b.opt_in &&
           a.correction == b.correction && a.zero == b.zero && a.no_callback == b.no_callback && a.complaint == b.complaint && a.method == b.method && a.confidence == b.confidence &&
           a.why == b.why && a.normalised == b.normalised;
}

void on_the_scale(const Verdict& v, Scale scale) {
    int best = scale == Scale::csat_5 ? 5 : 3;
    if (v.rating) must(*v.rating >= 1 && *v.rating <= best, "a rating is on the scale that was asked", std::to_string(*v.rating));
    if (v.label == Label::rating) must(v.rating.has_value(), "the label rating has one");
    if (v.rating) must(v.label == Label::rating || v.label == Label::opt_out, "a rating stands with the label rating or beside an opt-out", v.why);
    must(v.rating.has_value() == reply::grade_of(v, scale).has_value(), "every rating has a grade and nothing else has one");
    auto label = reply::label_text(v, scale);
    constexpr std::array three{"satisfied", "basically_satisfied", "dissatisfied"};
    constexpr std::array five{"1", "2", "3", "4", "5"};
    constexpr std::array others{"opt_out", "help", "none", "ambiguous"};
    auto among = [&](const auto& names) { return std::find(names.begin(), names.end(), label) != names.end(); };
    must(v.label == Label::rating ? (scale == Scale::csat_5 ? among(five) : among(three)) : among(others), "the label is one of the closed set", label);
}

void well_formed(const Verdict& v, std::string_view text) {
    must(v.confidence >= 0 && v.confidence <= 1, "the confidence is between 0 and 1");
    must(!v.why.empty() && v.why.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos, "the rule has a name", v.why);
    must(v.method != Method::none || !v.rating, "a rating was found somehow", v.why);
    must((decode_utf8(v.comment) || !decode_utf8(text)) && decode_utf8(v.normalised), "no character is cut", v.comment);
    must(v.comment.size() <= 3 * text.size() && v.normalised.size() <= 40 * text.size() + 8, "nothing grows out of proportion");
}

}  // namespace

void replies(std::string_view input) {
    auto text = input.substr(0, 4096);
    auto three = reply::read(Scale::three_110, text), five = reply::read(Scale::csat_5, text);
    for (const auto* verdict : {&three, &five}) {
        on_the_scale(*verdict, verdict == &three ? Scale::three_110 : Scale::csat_5);
        well_formed(*verdict, text);
    }
    must(three.emergency == five.emergency && three.do_not_contact == five.do_not_contact, "an emergency is one on every scale");
    must((three.label == Label::opt_out) == (five.label == Label::opt_out), "who wants no more is heard on every scale", three.why + " " + five.why);
    if (text.size() % 8 == 0) must(same(three, reply::read(Scale::three_110, text)), "the same text is read the same");

    auto once = text::normalise(text);
    must(once.origin.size() == once.text.size() + 1 && once.origin.back() <= text.size(), "each byte knows where it came from");
    for (std::size_t i = 1; i < once.origin.size(); ++i) must(once.origin[i - 1] <= once.origin[i], "in the order in which it was written");
    must(text::normalise(once.text, 100'000).text == once.text, "what is normalised stays as it is", once.text);

    // What nobody sees changes nothing: a zero-width space and a line end behind the text.
    if (text.size() < 1000 && decode_utf8(text)) {
        auto longer = reply::read(Scale::three_110, std::string(text) + "\u200b\n");
        must(longer.label == three.label && longer.rating == three.rating && longer.emergency == three.emergency, "an invisible end changes nothing", three.why + " " + longer.why);
    }
}

}  // namespace pingjing::fuzz
