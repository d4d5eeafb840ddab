// Texts with {{name}} in them. No format specifications, no nesting, bounded length: a template comes from a file that many
// may edit, and fmt with such a file is a hole. What stands in for a name is never read again for placeholders.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing {

class Template {
public:
    static constexpr std::size_t longest_source = 16'384, longest_result = 65'536;

    // An error names the placeholder at fault: unknown, missing, or not closed. `allowed` contains `required`.
    static Result<Template> parse(std::string_view source, const std::set<std::string>& allowed, const std::set<std::string>& required = {});
    // For slots whose names are checked elsewhere: any name of letters, digits, '_', '.' and ':'.
    static Result<Template> parse_any(std::string_view source);

    // An error: a name without value, or a result beyond longest_result.
    Result<std::string> fill(const std::map<std::string, std::string>& values) const;
    std::set<std::string> names() const;
    bool empty() const { return pieces_.empty(); }

private:
    struct Piece {
        Piece(bool n, std::string t) : is_name(n), text(std::move(t)) {}
        bool is_name;
        std::string text;
    };
    std::vector<Piece> pieces_;
};

// The placeholders of the texts a citizen gets, by the text's name ("survey", "thanks", …).
struct Placeholders { std::set<std::string> allowed, required; };
const Placeholders& placeholders_of(const std::string& text_name);

// A text for citizens: parsed, its signature at the very start unless the carrier adds it, no link in it.
Result<Template> parse_text(const std::string& text_name, std::string_view source);

}  // namespace pingjing
