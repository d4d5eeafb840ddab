// A site's store on a disk in memory, furnished with one of everything, and the same again as often as it is asked for: ids, chance and
// sealed bytes are equal, so what an operation left behind is compared as a whole.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/admin/verify.hpp"
#include "daemon/config/settings.hpp"
#include "daemon/core/random.hpp"
#include "daemon/eligibility/eligibility.hpp"
#include "daemon/intake/record.hpp"
#include "daemon/outbox/policy.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/store.hpp"
#include "tests/sim/disk.hpp"

namespace pingjing::test {
namespace asio = boost::asio;

inline const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

// What every office has in common.
struct Furniture {
    Furniture();
    store::Seal seal;
    config::Settings settings;
    std::shared_ptr<const eligibility::SiteRules> rules;
    mutable SeededRandom policy_random{3};
    outbox::PolicyPtr policy;
    std::vector<intake::ParsedRow> rows(const std::string& ndjson, Instant now = noon) const;
};
const Furniture& furniture();

// {"id":"R1",…}: closed at 09:00 of the day.
std::string call_json(const std::string& id, const std::string& phone, const std::string& more = "");

// Ids, nonces and salts begin anew: what is done next has the same bytes again.
void seed_office();

class Office {
public:
    // On a disk of its own with everything in it.
    Office();
    // As a new start finds that disk.
    explicit Office(std::shared_ptr<sim::Disk> disk);

    std::shared_ptr<sim::Disk> disk() { return disk_; }
    void close() { store_.reset(); }
    store::Store& store() { return *store_; }
    store::Connection& connection() { return *connection_; }
    asio::io_context& io() { return io_; }

    // Does it through Store::run, as the stages do. False: the caller was told that it failed.
    bool does(const std::function<asio::awaitable<void>(Office&)>& act);
    bool does(const std::function<void(store::Connection&, Office&)>& work);
    const std::string& why() const { return why_; }  // it failed, the last time

    // Every row of every table; and how many rows each table has, which says the same where ids have moved on (of checkpoints there are
    // as many as the ledger had sizes).
    std::string everything();
    std::map<std::string, std::int64_t> counts();
    // "" or what `pingjing verify` says.
    std::string verify();

    // What was put there, by the name of the case.
    store::Attempt attempt(const std::string& record);   // the one under way or last made
    store::DueRow due(const std::string& record);
    std::int64_t id(const std::string& sql);
    std::int64_t case_of(const std::string& record);
    std::int64_t phone_of(const std::string& record);

    SeededRandom random{5};

private:
    asio::io_context io_;
    std::shared_ptr<sim::Disk> disk_;
    std::unique_ptr<store::Store> store_;
    store::Connection* connection_ = nullptr;
    std::string why_;
};

}  // namespace pingjing::test
