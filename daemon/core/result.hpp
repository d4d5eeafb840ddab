#pragma once
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace pingjing {

// What went wrong, for a person to read, and which kind it is, for code to branch on.
struct Error {
    enum class Kind { invalid_input, not_found, forbidden, conflict, unavailable, internal };
    Error(Kind k, std::string what) : kind(k), detail(std::move(what)) {}

    Kind kind;
    std::string detail;
};

// Becomes std::expected when the project moves to C++23; nothing else names tl::.
template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Error::Kind kind, std::string detail) {
    return tl::unexpected<Error>(Error(kind, std::move(detail)));
}

}  // namespace pingjing
