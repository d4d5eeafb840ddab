// What libFuzzer calls. PINGJING_FUZZ_TARGET is one function of fuzz.hpp.
#include <cstdio>
#include <cstdlib>

#include "daemon/log/log.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = [] {
        pingjing::log::configure(pingjing::log::Level::error, [](std::string_view) {}, nullptr);
        return true;
    }();
    (void)quiet;
    try {
        pingjing::fuzz::PINGJING_FUZZ_TARGET(std::string_view(reinterpret_cast<const char*>(data), size));
    } catch (const std::exception& broken) {
        std::fprintf(stderr, "does not hold: %s\n", broken.what());
        std::abort();
    }
    return 0;
}
