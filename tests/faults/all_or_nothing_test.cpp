#include <doctest/doctest.h>

#include <set>

#include "tests/faults/faults.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
using namespace pingjing::test;

namespace {

// Whoever wants to know whether the store still works asks it for this.
void note(store::Connection& db, Office&) { store::append(db, noon, "note", std::nullopt, "{}"); }

// The four things that may stand: nothing new, the operation, the note, both.
struct Reference {
    std::string nothing, operation, note, both;
    std::map<std::string, std::int64_t> counts;  // of both: a failed try may have used up ids
};

Reference in_peace(const Operation& operation) {
    Reference r;
    Office office;
    r.nothing = office.everything();
    REQUIRE(office.does(operation.act));
    r.operation = office.everything();
    CHECK(r.operation != r.nothing);
    auto wrong = office.verify();
    CHECK_MESSAGE(wrong.empty(), wrong);
    REQUIRE(office.does(note));
    r.both = office.everything();
    r.counts = office.counts();
    Office other;
    REQUIRE(other.does(note));
    r.note = other.everything();
    return r;
}

// What stands is whole, and whoever asked for it was told. Of what an fsync was to keep when it failed nobody knows.
struct Told { bool operation, note; };
bool judge(const Operation& operation, const Fault& fault, const Reference& r, const std::string& stands, Told told, bool failed) {
    bool has_operation = stands == r.operation || stands == r.both, has_note = stands == r.note || stands == r.both;
    REQUIRE_MESSAGE((has_operation || has_note || stands == r.nothing), "a part of it stands");
    if (told.operation) CHECK_MESSAGE(has_operation, "it said yes, and it is not there");
    else if (!failed && !fault.may_stand && !operation.announces) CHECK_MESSAGE(!has_operation, "it said no, and it is there");
    if (told.note) CHECK_MESSAGE(has_note, "it said yes, and the note is not there");
    else if (!failed) CHECK_MESSAGE(!has_note, "it said no, and the note is there");
    return has_operation;
}

// False: the n-th occasion did not come any more.
bool fails_at(const Operation& operation, const Fault& fault, const Reference& r, int n) {
    CAPTURE(operation.name);
    CAPTURE(fault.name);
    CAPTURE(n);
    auto office = std::make_unique<Office>();
    fault.arm(*office->disk(), &office->connection(), n);
    Told told{};
    told.operation = office->does(operation.act);
    if (!fault.for_ever) fault.disarm(*office->disk());
    bool failed = office->store().failed();
    told.note = office->does(note);
    if (fault.for_ever) fault.disarm(*office->disk()), failed = office->store().failed();
    else CHECK_MESSAGE(told.note == !failed, "the store works, or says no to everything");
    if (failed) {
        auto disk = office->disk();
        office->close();
        office = std::make_unique<Office>(disk);
    }
    bool stands = judge(operation, fault, r, office->everything(), told, failed);
    if (!stands) REQUIRE_MESSAGE(office->does(operation.act), "it does not work any more: " << office->why());
    if (told.note) CHECK(office->counts() == r.counts);
    if (n % 8 == 1) {
        auto wrong = office->verify();
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
    CHECK(store::recompute(office->connection()));
    if (!fault.fired()) CHECK(told.operation);
    return fault.fired();
}

// How many occasions an operation has is not known before: they are tried ever further apart, each operation at others.
void everywhere(const Fault& fault) {
    int tried = 0, turn = 0;
    for (const auto& operation : operations()) {
        auto r = in_peace(operation);
        ++turn;
        for (int n = 1; fails_at(operation, fault, r, n); n += every_occasion() ? 1 : 1 + n * 2 / 3 + turn % (1 + n / 4)) {
            ++tried;
            REQUIRE(n < 1'000'000);
        }
    }
    MESSAGE(fault.name << ": " << tried << " times");
    CHECK(tried > static_cast<int>(operations().size()));
}

}  // namespace

TEST_CASE("every operation that writes is in the table") {
    std::set<std::string> known(readers().begin(), readers().end());
    for (const auto& operation : operations()) known.insert(operation.name.substr(0, operation.name.find(' ')));
    int found = 0;
    for (const auto& file : tree({"daemon"})) {
        if (!file.ends_with(".hpp") || file.ends_with("/sqlite.hpp")) continue;
        auto text = code_of(read_source(file));
        for (const std::string first : {"(Connection& db", "(store::Connection& db"})
            for (auto open = text.find(first); open != text.npos; open = text.find(first, open + 1)) {
                auto begin = text.find_last_not_of("abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ", open - 1) + 1;
                auto name = text.substr(begin, open - begin);
                ++found;
                CHECK_MESSAGE(known.contains(name), file << " has " << name << "(): put it into the table, or among the readers");
            }
    }
    CHECK(found > 100);
}

TEST_CASE("every operation is whole or not at all when SQLite is interrupted at its n-th step") { everywhere(interrupted()); }
TEST_CASE("every operation is whole or not at all when the disk fails once at its n-th step") { everywhere(disk_error(false)); }
TEST_CASE("every operation is whole or not at all when the disk fails from its n-th step on") { everywhere(disk_error(true)); }
TEST_CASE("every operation is whole or not at all when its n-th read fails") { everywhere(bad_read()); }
TEST_CASE("every operation is whole or not at all when the disk is full for a moment") { everywhere(disk_full(false)); }
TEST_CASE("every operation is whole or not at all when the disk is full from then on") { everywhere(disk_full(true)); }
TEST_CASE("every operation is whole or not at all when its n-th allocation fails") { everywhere(no_memory(false)); }
TEST_CASE("every operation is whole or not at all when there is no memory any more") { everywhere(no_memory(true)); }
