// How one 110 system spells a record: which column is which field, its state values, its times. A TOML file under
// templates/mappings/ or a site's own.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/case.hpp"
#include "daemon/core/result.hpp"

namespace pingjing::intake {

struct Mapping {
    std::string name{};
    std::string zone{};                            // empty: the service's
    std::vector<std::string> times{};              // %Y %m %d %H %M %S and %f (a fraction), tried in order
    std::vector<std::string> dates{};              // the same without a time of day, for birth dates
    std::map<std::string, std::string> columns{};  // column, lower case → field
    std::map<std::string, CaseState> states{};
    std::string separator = ";";  // between officers and between flags

    // The fields a head row gives, by position; "" for a column that is only kept.
    std::vector<std::string> fields_of(const std::vector<std::string>& head) const;
};

// All problems at once, each with the file's name and line.
Result<Mapping> read_mapping(const std::string& name, std::string_view toml);

class Mappings {
public:
    static Mappings built_in();  // default (design.md A3) and gat (domain.md §14)
    void add(Mapping mapping);   // replaces one of the same name
    const Mapping* find(const std::string& name) const;
    std::vector<std::string> names() const;
    // The mapping that knows most columns of this head, of those that find every required field; an error names what is
    // missing.
    Result<const Mapping*> for_head(const std::vector<std::string>& head, const std::string& name = "") const;

private:
    std::vector<Mapping> all_;
};

}  // namespace pingjing::intake
