#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "daemon/store/sent_journal.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using store::SentJournal;
using store::SentLine;

namespace {
std::vector<SentLine> lines(std::int64_t first, std::int64_t last) {
    std::vector<SentLine> out;
    for (auto i = first; i <= last; ++i) out.emplace_back(i, "ref" + std::to_string(i), std::string(16, static_cast<char>(i)));
    return out;
}
}  // namespace

TEST_CASE("what was claimed is found again, from any point on") {
    test::TempFolder folder;
    {
        auto journal = SentJournal::open(folder.path());
        REQUIRE(journal);
        CHECK(journal->last_sequence() == 0);
        journal->append(lines(1, 3));
        journal->append(lines(4, 4));
    }
    auto journal = SentJournal::open(folder.path());
    REQUIRE(journal);
    CHECK(journal->last_sequence() == 4);
    auto tail = journal->after(2).value();
    REQUIRE(tail.size() == 2);
    CHECK(tail[0].ref == "ref3");
    CHECK(tail[1].phone_key == std::string(16, '\4'));
    CHECK(journal->after(4).value().empty());
}

TEST_CASE("a line torn at any byte by power loss is cut off, and the ones before it stay") {
    test::TempFolder folder;
    {
        auto journal = SentJournal::open(folder.path());
        journal->append(lines(1, 2));
    }
    auto file = folder / "sent.1";
    auto size = std::filesystem::file_size(file);
    std::string whole(size, '\0');
    std::ifstream(file, std::ios::binary).read(whole.data(), static_cast<std::streamsize>(size));
    auto first_line = whole.find('\n') + 1;
    for (auto cut = first_line; cut < size; ++cut) {
        CAPTURE(cut);
        std::ofstream(file, std::ios::binary | std::ios::trunc).write(whole.data(), static_cast<std::streamsize>(cut));
        auto journal = SentJournal::open(folder.path());
        REQUIRE(journal);
        CHECK(journal->last_sequence() == 1);
        journal->append(lines(2, 2));
        CHECK(journal->after(0).value().size() == 2);
    }
}

TEST_CASE("a page of the last append that power loss left out costs its lines and none before or after it") {
    test::TempFolder folder;
    {
        auto journal = SentJournal::open(folder.path());
        journal->append(lines(1, 5));
        journal->append(lines(6, 300));  // several pages
    }
    std::fstream(folder / "sent.1", std::ios::in | std::ios::out | std::ios::binary).seekp(4096).write(std::string(4096, '\0').data(), 4096);
    {
        auto journal = SentJournal::open(folder.path());
        REQUIRE(journal);
        CHECK(journal->last_sequence() == 300);
        journal->append(lines(301, 301));
    }
    auto again = SentJournal::open(folder.path());
    REQUIRE(again);
    auto kept = again->after(0).value();
    CHECK(kept.size() > 100);
    CHECK(kept.size() < 300);
    CHECK(kept[4].sequence == 5);
    CHECK(kept.back().sequence == 301);
}

TEST_CASE("a crash between a commit and its line leaves a number out, and the journal still opens") {
    test::TempFolder folder;
    {
        auto journal = SentJournal::open(folder.path());
        journal->append(lines(1, 2));
        journal->append(lines(4, 5));  // 3 was committed, and the power went
    }
    auto journal = SentJournal::open(folder.path());
    REQUIRE(journal);
    CHECK(journal->last_sequence() == 5);
    CHECK(journal->after(2).value().size() == 2);
    journal.value().append(lines(6, 6));
    std::ofstream(folder / "sent.1", std::ios::app) << "6 again 00000000000000000000000000000000\n";
    CHECK_FALSE(SentJournal::open(folder.path()));  // backwards is damage
}

TEST_CASE("a damaged line is not passed over in silence, unless the last append can have been torn there") {
    auto blot_first_line = [](const std::filesystem::path& file) { std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(1).write("\0", 1); };
    test::TempFolder folder;
    SentJournal::open(folder.path())->append(lines(1, 3000));
    blot_first_line(folder / "sent.1");
    CHECK_FALSE(SentJournal::open(folder.path()));

    test::TempFolder torn;
    SentJournal::open(torn.path())->append(lines(1, 3));
    blot_first_line(torn / "sent.1");
    for (int again = 0; again < 2; ++again) {
        auto journal = SentJournal::open(torn.path());
        REQUIRE(journal);
        CHECK(journal->last_sequence() == 3 + again);  // an older store is found out all the same
        journal->append(lines(4 + again, 4 + again));
        CHECK(journal->after(0).value().size() == static_cast<std::size_t>(3 + again));
    }
}

TEST_CASE("old segments are read only when they are needed") {
    test::TempFolder folder;
    auto journal = SentJournal::open(folder.path());
    journal->append(lines(1, 100'000));
    journal->append(lines(100'001, 100'005));
    CHECK(std::filesystem::exists(folder / "sent.100001"));
    CHECK(journal->after(99'999).value().size() == 6);
    CHECK(SentJournal::open(folder.path())->last_sequence() == 100'005);
}
