// A fuzz target is a function of bytes that throws Broken when something that must hold does not. libFuzzer calls it through
// driver.cpp; the ordinary tests call it with the corpora in the tree.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pingjing::fuzz {

struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// `seen` comes on the line below; it may hold anything, for what is fuzzed is invented.
inline void must(bool holds, const char* what, std::string_view seen = {}) {
    if (!holds) throw Broken(std::string(what) + (seen.empty() ? "" : "\n    ") + std::string(seen));
}

// The first bytes of an input choose how the rest is read.
class Input {
public:
    explicit Input(std::string_view bytes) : rest_(bytes) {}
    std::size_t choice(std::size_t of) {
        if (rest_.empty()) return 0;
        auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return byte % of;
    }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

void http(std::string_view input);
void calls_json(std::string_view input);
void calls_csv(std::string_view input);
void hooks(std::string_view input);
void replies(std::string_view input);
void templates(std::string_view input);
void configuration(std::string_view input);
void segments(std::string_view input);
void joiner(std::string_view input);
void receipts(std::string_view input);
void smpp(std::string_view input);
void cmpp(std::string_view input);
void smgp(std::string_view input);
void sgip(std::string_view input);

}  // namespace pingjing::fuzz
