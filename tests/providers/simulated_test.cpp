#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "daemon/async/task_group.hpp"
#include "daemon/async/timer.hpp"
#include "providers/simulated/simulated.hpp"

using namespace pingjing;
using namespace pingjing::provider;

namespace {

struct Kept final : Sink {
    asio::awaitable<void> take(std::string, std::vector<Inbound> inbound) override {
        if (refuse > 0) {
            --refuse;
            throw std::runtime_error("disk full");
        }
        for (auto& i : inbound) all.push_back(std::move(i));
        co_return;
    }
    asio::awaitable<void> late(std::string, std::string, Outcome) override { co_return; }
    template <class T>
    std::vector<T> only() const {
        std::vector<T> out;
        for (const auto& i : all)
            if (auto* one = std::get_if<T>(&i)) out.push_back(*one);
        return out;
    }
    std::vector<Inbound> all;
    int refuse = 0;
};

const std::string survey = "【XX公安】请回复数字评价民警工作:1满意 2基本满意 3不满意。回T退订";

// A carrier on virtual time: submits `count` texts to different phones, then waits until everything has been said.
struct Day {
    explicit Day(simulated::Settings settings, std::uint64_t seed = 1)
        : clock(*parse_rfc3339("2026-11-21T08:00:00+08:00")), random(seed), world(on_virtual_time(), clock, random, nullptr), carrier(std::move(settings), world),
          group(io.get_executor(), [](const std::string&, std::exception_ptr error) { std::rethrow_exception(error); }) {}

    void run(int count, const std::string& text = survey) {
        group.spawn("serve", carrier.serve(sink));
        for (int i = 0; i < count; ++i) group.spawn("submit", one(i, text));
        auto said_all = [&] { return outcomes.size() == static_cast<std::size_t>(count) && carrier.waiting() == 0; };
        CHECK(run_virtual(io, said_all));
        group.stop();
        CHECK(run_virtual(io, [&] { return group.size() == 0; }));
    }

    asio::awaitable<void> one(int i, std::string text) {
        Submission submission("ref" + std::to_string(i), phone(i), Text(std::move(text)), "07", std::chrono::hours(1));
        auto outcome = co_await carrier.submit(std::move(submission));
        outcomes.push_back(std::string(outcome_name(outcome)));
    }

    // Before the first timer: a timer asks once in which time it lives.
    asio::any_io_executor on_virtual_time() {
        use_virtual_time(io, clock);
        return io.get_executor();
    }

    static Phone phone(int i) { return *Phone::mobile("138" + std::to_string(10'000'000 + i)); }

    asio::io_context io;
    VirtualClock clock;
    SeededRandom random;
    World world;
    Kept sink;
    simulated::Simulated carrier;
    TaskGroup group;
    std::vector<std::string> outcomes;
};

simulated::Settings always() {
    simulated::Settings settings;
    settings.source = "106900110";
    settings.receipt_share = settings.delivered_share = 1;
    settings.repeated_share = 0;
    return settings;
}

}  // namespace

TEST_CASE("the simulated carrier reports on every text and lets its citizens answer") {
    auto settings = always();
    settings.citizen = [](const Phone&, const std::string&, Random&) { return std::optional<std::string>("3 等了两个小时"); };
    Day day(settings);
    day.run(20);
    auto receipts = day.sink.only<Receipt>();
    auto replies = day.sink.only<InboundText>();
    CHECK(receipts.size() == 20);
    REQUIRE(replies.size() == 20);
    CHECK(receipts[0].state == ReceiptState::delivered);
    CHECK(replies[0].to == "10690011007");
    CHECK(replies[0].extension == "07");
    CHECK(replies[0].text.reveal() == "3 等了两个小时");
    CHECK(day.carrier.texted(Day::phone(3)) == 1);
    CHECK(day.carrier.texted(Day::phone(99)) == 0);
    CHECK(day.carrier.most_texted() == 1);
}

TEST_CASE("what the sink could not keep is said again, and once") {
    Day day(always());
    day.sink.refuse = 3;
    day.run(10);
    std::set<std::string> refs;
    for (const auto& receipt : day.sink.only<Receipt>()) CHECK(refs.insert(receipt.ref).second);
    CHECK(refs.size() == 10);
}

TEST_CASE("the same seed makes the same day, another one another") {
    auto texts = [](std::uint64_t seed) {
        Day day(simulated::Settings{}, seed);
        day.run(200);
        std::string out;
        for (const auto& reply : day.sink.only<InboundText>()) out += reply.from.reveal() + reply.text.reveal() + "\n";
        return out;
    };
    CHECK(texts(7) == texts(7));
    CHECK(texts(7) != texts(8));
}

TEST_CASE("faults come in their shares, and a refused text reaches nobody") {
    auto settings = always();
    settings.faults.ambiguous = 0.2;
    settings.faults.refused = 0.2;
    Day day(settings);
    day.run(500);
    auto count = [&](const char* name) { return std::count(day.outcomes.begin(), day.outcomes.end(), name); };
    CHECK(count("ambiguous") > 50);
    CHECK(count("permanent_number") > 50);
    CHECK(count("accepted") > 200);
    auto receipts = static_cast<long>(day.sink.only<Receipt>().size());
    CHECK(receipts > count("accepted"));
    CHECK(receipts < count("accepted") + count("ambiguous"));
}

TEST_CASE("only a text that asks is answered") {
    auto settings = always();
    settings.replies = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    Day day(settings);
    day.run(5, "【XX公安】感谢您的评价,祝您平安。");
    CHECK(day.sink.only<InboundText>().empty());
    CHECK(day.carrier.most_texted() == 0);
}

TEST_CASE("weights and scripts are read from the configuration") {
    config::Problems problems;
    auto document = config::Document::parse("reply_most = \"5m\"\n[replies]\nsilence = 0\nsatisfied = 5\n[phones]\n13812345678 = \"2\"\n1381 = \"3\"\n", "p.toml", problems);
    config::Section section(*document, problems);
    simulated::read_settings(section, {"sim"});
    section.finish();
    CHECK(problems.text() == "p.toml:7: phones: expected a mobile number = \"what its owner answers\"");
}

TEST_CASE("what can settle a doubt follows from what a carrier's protocol brings back") {
    provider::Abilities can;
    CHECK(provider::describe_evidence(can) == "a delivery report for the number, if nothing else to it is unsettled; a reply, if no other survey to the number is open");
    can.echoes_ref = can.extension = can.late_responses = true;
    CHECK(provider::describe_evidence(can) == "a late response; a delivery report that names it; a reply to its digits");
    can.echoes_ref = false, can.own_ids = true;
    CHECK(provider::describe_evidence(can) == "a late response; a delivery report that names it; a reply to its digits");
    can.receipts = can.replies = can.late_responses = false;
    CHECK(provider::describe_evidence(can) == "nothing: only the carrier's people can say");
}
