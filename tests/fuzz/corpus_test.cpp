// The corpora in the tree, through every target, in the ordinary build: what fuzzing once found stays found.
#include <doctest/doctest.h>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/inputs.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;

TEST_CASE("fuzz: what must hold, holds for every input of the corpora") {
    struct { const char* name; void (*target)(std::string_view); } all[] = {
        {"http", fuzz::http}, {"calls_json", fuzz::calls_json}, {"calls_csv", fuzz::calls_csv}, {"hooks", fuzz::hooks},
        {"replies", fuzz::replies}, {"templates", fuzz::templates}, {"configuration", fuzz::configuration}, {"segments", fuzz::segments},
        {"joiner", fuzz::joiner}, {"receipts", fuzz::receipts}, {"smpp", fuzz::smpp}, {"cmpp", fuzz::cmpp}, {"smgp", fuzz::smgp}, {"sgip", fuzz::sgip},
    };
    for (const auto& one : all) {
        auto inputs = test::read_inputs((test::source_root / "tests/fuzz/corpus" / (std::string(one.name) + ".txt")).string());
        CAPTURE(one.name);
        CHECK(inputs.size() >= 10);
        for (const auto& input : inputs) {
            CAPTURE(input);
            CHECK_NOTHROW(one.target(input));
        }
    }
}
