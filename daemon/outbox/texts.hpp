// What citizens read: the site's texts, checked once, filled at the moment of sending.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"
#include "daemon/text/template.hpp"

namespace pingjing::outbox {

class Texts {
public:
    struct Words { std::string sign{}, sms_alarm{}; };  // the same for every message
    // `sources`: name ("survey", "thanks", …) → template. The error names the text at fault.
    static Result<Texts> parse(const std::map<std::string, std::string>& sources, Words words);

    // `day`: local, YYYY-MM-DD, of the call it speaks of; empty where the text names none. `without_sign`: the carrier puts it there.
    Result<std::string> fill(const std::string& name, std::string_view day, bool without_sign = false) const;
    // What stands in its placeholders on that day, the sign among them; empty where there is no such text.
    std::map<std::string, std::string> values(const std::string& name, std::string_view day) const;
    bool has(const std::string& name) const { return templates_.contains(name); }
    // What every text begins with, for words that are no template.
    std::string sign() const { return "【" + words_.sign + "】"; }

private:
    std::map<std::string, std::string> all_values(std::string_view day) const;

    std::map<std::string, Template> templates_;
    Words words_;
};

}  // namespace pingjing::outbox
