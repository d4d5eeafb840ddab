#include "daemon/delivery/folder.hpp"

#include <doctest/doctest.h>

#include "tests/delivery/shelf.hpp"

using namespace pingjing;
using namespace pingjing::delivery;
using test::Shelf;
namespace fs = std::filesystem;

namespace {

Parcel parcel_of(const Shelf& shelf, std::int64_t version, bool inspection = false) {
    auto parcel = read_parcel(shelf.folder.path(), "2026-11-20", version, inspection);
    REQUIRE(parcel);
    return std::move(*parcel);
}

struct Killed {};

}  // namespace

TEST_CASE("a parcel holds what its manifest names, and what is inspection's only where that is asked for") {
    Shelf shelf;
    shelf.put("2026-11-20", 1);
    auto parcel = parcel_of(shelf, 1);
    std::string names;
    for (const auto& file : parcel.files) names += file.name + " ";
    CHECK(names == "officers.csv units.html manifest.json ");
    CHECK(parcel.sha256 == sha256_hex(parcel.files.back().bytes));
    CHECK(parcel_of(shelf, 1, true).files.size() == 5);
}

TEST_CASE("what is not as its manifest says does not leave") {
    struct { const char* what; void (*spoil)(const fs::path&); } cases[] = {
        {"changed", [](const fs::path& v) { Shelf::write(v / "officers.csv", "012345,100%\n"); }},
        {"taken away", [](const fs::path& v) { fs::remove(v / "units.html"); }},
        {"a way to another file", [](const fs::path& v) { fs::rename(v / "units.html", v / "x"); fs::create_symlink("x", v / "units.html"); }},
        {"a name that leads out", [](const fs::path& v) { Shelf::write(v / "manifest.json", R"({"files":{"../../key":"00"}})"); }},
        {"no manifest", [](const fs::path& v) { fs::remove(v / "manifest.json"); }},
        {"a manifest that is none", [](const fs::path& v) { Shelf::write(v / "manifest.json", "{"); }},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        Shelf shelf;
        shelf.put("2026-11-20", 1);
        c.spoil(shelf.folder.path() / "2026-11-20" / "v1");
        auto parcel = read_parcel(shelf.folder.path(), "2026-11-20", 1, false);
        REQUIRE_FALSE(parcel);
        CHECK(parcel.error().kind == Error::Kind::conflict);
    }
}

TEST_CASE("a version arrives whole, its name is the newest, and the same again writes nothing") {
    Shelf shelf;
    shelf.put("2026-11-20", 1), shelf.put("2026-11-20", 2);
    test::TempFolder to;
    CHECK(put_into_folder(to.path(), parcel_of(shelf, 2)) == 3);
    CHECK(put_into_folder(to.path(), parcel_of(shelf, 1)) == 3);
    auto files = test::all_files(to.path());
    CHECK(files.size() == 7);
    CHECK(files["2026-11-20/latest"] == "v2\n");  // an older one that comes late does not take its place
    CHECK(files["2026-11-20/v1/officers.csv"] == "officers.csv of 2026-11-20 v1\n");
    CHECK(put_into_folder(to.path(), parcel_of(shelf, 2)) == 0);
    CHECK(test::all_files(to.path()) == files);
}

TEST_CASE("a finished version is not written over, and a folder that is not mounted is not made") {
    Shelf shelf, other;
    shelf.put("2026-11-20", 1), other.put("2026-11-20", 1, ", another history");
    test::TempFolder to;
    REQUIRE(put_into_folder(to.path(), parcel_of(shelf, 1)));
    auto before = test::all_files(to.path());
    auto again = put_into_folder(to.path(), parcel_of(other, 1));
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == Error::Kind::conflict);
    CHECK(test::all_files(to.path()) == before);
    auto nowhere = put_into_folder(to.path() / "share", parcel_of(shelf, 1));
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().kind == Error::Kind::not_found);
    CHECK_FALSE(fs::exists(to.path() / "share"));
}

TEST_CASE("killed before any step, nobody reads half a version, and the next attempt writes only what is missing") {
    Shelf shelf;
    shelf.put("2026-11-20", 1);
    for (int last = 1;; ++last) {
        CAPTURE(last);
        test::TempFolder to;
        int steps = 0, hidden_files = 0;
        bool killed = false;
        try {
            (void)put_into_folder(to.path(), parcel_of(shelf, 1), [&] {
                if (++steps == last) throw Killed();
            });
        } catch (const Killed&) {
            killed = true;
        }
        for (const auto& [name, bytes] : test::all_files(to.path())) hidden_files += name.find("/.v1.unfinished/") != name.npos;
        bool finished = fs::exists(to.path() / "2026-11-20" / "v1");
        CHECK((!finished || fs::exists(to.path() / "2026-11-20" / "v1" / "manifest.json")));
        auto again = put_into_folder(to.path(), parcel_of(shelf, 1));
        REQUIRE(again);
        CHECK(*again == (finished ? 0 : 3 - hidden_files));
        auto files = test::all_files(to.path());
        CHECK(files.size() == 4);
        CHECK(files["2026-11-20/latest"] == "v1\n");
        if (!killed) break;
    }
}
