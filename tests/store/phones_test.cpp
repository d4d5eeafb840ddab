#include "daemon/store/phones.hpp"

#include <doctest/doctest.h>

#include "daemon/store/schema.hpp"
#include "daemon/store/sqlite.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

struct Register {
    Register() { REQUIRE(migrate(db)); }
    std::int64_t keep(const char* number) { return keep_phone(db, seal, *Phone::mobile(number), from_millis(1)); }
    std::string value(const char* sql) {
        Statement read(db, sql);
        return read.step() ? read.text(0) : std::string("none");
    }
    Connection db{":memory:"};
    Seal seal = Seal::from_seed(1);
};

const char* const zhang = "13812345678";
const char* const li = "13912345678";

}  // namespace

TEST_CASE("a number has one row, and what was taken back is not remembered") {
    Register r;
    auto one = r.keep(zhang);
    CHECK(r.keep(zhang) == one);
    for (bool whole : {true, false}) {
        CAPTURE(whole);
        r.db.exec("BEGIN");
        {
            Savepoint part(r.db);
            r.keep(li);
            CHECK(r.value("SELECT count(*) FROM phones") == "2");
        }
        CHECK(r.value("SELECT count(*) FROM phones") == "1");
        if (whole) r.keep(li);
        r.db.exec(whole ? "ROLLBACK" : "COMMIT");
        CHECK(r.value("SELECT count(*) FROM phones") == "1");
        CHECK(r.keep(zhang) == one);
    }
    r.keep(li);
    CHECK(r.value("SELECT count(*) FROM phones") == "2");
}

TEST_CASE("a number that was forgotten is sealed again when it comes again, and under another id once its key is gone") {
    Register r;
    auto one = r.keep(zhang);
    r.db.exec("UPDATE phones SET sealed = x''");
    CHECK(r.keep(zhang) == one);
    CHECK(r.value("SELECT length(sealed) > 0 FROM phones") == "1");
    CHECK(r.keep(zhang) == one);
    r.db.exec("UPDATE phones SET sealed = x'', key = NULL");
    auto other = r.keep(zhang);
    CHECK(other != one);
    CHECK(r.keep(zhang) == other);
    CHECK(r.value("SELECT count(*) FROM phones WHERE length(sealed) > 0") == "1");
}
