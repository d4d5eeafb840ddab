// Fields of a fixed size, written in turn. The first that does not fit is named.
#pragma once
#include <string>
#include <string_view>

#include "providers/link/bytes.hpp"

namespace pingjing::link {

class Fields {
public:
    explicit Fields(Writer& out) : out_(out) {}
    Fields& text(std::string_view name, std::string_view value, std::size_t size) {
        if (value.size() > size) complain(name);
        out_.padded(value, size);
        return *this;
    }
    void complain(std::string_view name) {
        if (problem_.empty()) problem_ = std::string(name) + " does not fit into its field";
    }
    const std::string& problem() const { return problem_; }

private:
    Writer& out_;
    std::string problem_;
};

}  // namespace pingjing::link
