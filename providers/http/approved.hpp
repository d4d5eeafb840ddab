// Texts as a vendor has approved them, which it sends by their id and what stands in their placeholders: a file that the channel names. Pure
// but for reading it. templates/vendor_ids.toml is the example.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/section.hpp"
#include "daemon/core/result.hpp"
#include "daemon/text/template.hpp"
#include "providers/provider.hpp"

namespace pingjing::generic_http {

// How a vendor names what stands in a template: Aliyun's ${month}, Tencent's {1}.
enum class Parameters { by_name, in_order };

struct ApprovedText {
    std::string id{}, sign{};                               // the vendor's; no sign: the text's own
    std::vector<std::pair<std::string, Template>> values{};  // by the vendor's names, or "1", "2", … in order; over our placeholders
    std::string wording{};                                  // as the vendor has it, in its own placeholders; empty: not said
    int line = 0;
};

struct ApprovedTexts {
    Parameters parameters = Parameters::by_name;
    std::string table{}, file{};                            // [[TABLE]] of FILE
    std::map<std::string, ApprovedText> by_text{};          // "survey", "en/survey"
};

// The tables [[TABLE]] of the file under `template_ids` of the channel. nullopt: problems went to the section.
std::optional<ApprovedTexts> read_approved(config::Section& section, const std::string& table, Parameters parameters);

// What a request says of one text: the vendor's id and sign, and the values as JSON, an object by name or a list in order. An error: it has
// no such template, as of a person's own words, or one of the values is not there.
struct Wording { std::string id{}, sign{}, values{}; };  // values: empty where the template has no placeholders
Result<Wording> wording_of(const ApprovedTexts& texts, const provider::Submission& submission);

// FILE:LINE and what was expected, of each text that has no template or another wording there, and of each template that is of no text.
std::vector<std::string> unlike(const ApprovedTexts& approved, const std::map<std::string, std::string>& texts);

}  // namespace pingjing::generic_http
