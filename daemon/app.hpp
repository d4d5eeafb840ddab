// The daemon: the gateway with its doors. Builds every part in order, hands each what it needs, stops them in reverse.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/admin/access.hpp"
#include "daemon/admin/control.hpp"
#include "daemon/admin/health.hpp"
#include "daemon/async/aside.hpp"
#include "daemon/console/events.hpp"
#include "daemon/console/sessions.hpp"
#include "daemon/delivery/courier.hpp"
#include "daemon/desk/api.hpp"
#include "daemon/desk/desk.hpp"
#include "daemon/followup/work.hpp"
#include "daemon/gateway.hpp"
#include "daemon/http/client.hpp"
#include "daemon/http/server.hpp"
#include "daemon/intake/api.hpp"
#include "daemon/intake/folder.hpp"
#include "daemon/loops.hpp"
#include "daemon/nightly.hpp"
#include "daemon/reports/api.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/watch/watch.hpp"
#include "daemon/writeback/feed.hpp"

namespace pingjing {

// `seal` knows the numbers of the internal list again; without it nobody looks for them in reports.
reports::PublicWish public_wish(const config::Settings& settings, const reports::ReportSite& site);
reports::ReportSite report_site(const config::Settings& settings, const store::Seal* seal = nullptr);
desk::Carries carries(const config::Settings& settings);
admin::Known known_names(const config::Settings& settings);
std::filesystem::path control_socket(const config::Settings& settings);

class App {
public:
    // `io` outlives everything here. Errors: a setting that cannot work.
    static Result<std::unique_ptr<App>> build(asio::io_context& io, config::Settings settings, const Clock& clock, Random& random, const store::Seal& seal,
                                              std::unique_ptr<store::Store> store);
    ~App();

    // Binds the doors; an error says what was tried. `inherited_fd` -1: our own socket.
    Result<void> open(int inherited_fd = -1);
    void start();
    asio::awaitable<void> stop();
    // Says what needs a restart; an error leaves everything as it was.
    asio::awaitable<Result<std::vector<std::string>>> reload(config::Settings settings);
    std::string address() const { return server_->address(); }
    // The store answers: what a watchdog wants to know.
    asio::awaitable<void> touch_store();
    bool store_failed() const { return store_->failed(); }  // for good
    Gateway& gateway() { return *gateway_; }

private:
    App(asio::io_context& io, const Clock& clock, Random& random, const store::Seal& seal, std::unique_ptr<store::Store> store);
    void take(const config::Settings& settings);
    asio::awaitable<admin::Readiness> readiness();
    void make_watch();
    std::vector<watch::Finding> about_folders() const;
    std::vector<std::string> failing() const;  // loops of ours and the gateway's
    asio::awaitable<bool> may_erase_files();
    reports::ExportPlace export_place() const;
    asio::awaitable<void> count_strangers();
    followup::Parts followup_parts();
    http::Router doors(bool control);
    admin::ControlParts control_parts();
    std::optional<tl::expected<std::int64_t, http::Response>> signed_in_by(const http::Request& request);
    void add_console(http::Router& router);

    asio::io_context& io_;
    const Clock& clock_;
    Steady built_at_ = clock_.steady();
    Random& random_;
    const store::Seal& seal_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<store::ReadThread> reader_;
    std::unique_ptr<store::ReadThread> glances_;  // for the console: an emergency does not wait behind somebody's report
    Aside delivery_writer_{"delivery"};
    Aside folder_writer_{"writeback"};  // another system's folder may hang: neither a report nor the end waits for it
    http::Client client_;
    std::unique_ptr<Gateway> gateway_;
    admin::Access access_;
    console::Sessions sessions_;
    std::unique_ptr<console::Events> events_;
    intake::Intake intake_;
    std::shared_ptr<const intake::IntakeRules> intake_rules_;
    std::shared_ptr<const reports::ReportSite> report_site_;
    std::shared_ptr<const followup::Rules> followup_rules_;
    std::shared_ptr<const inbound::Hooks> hooks_;
    std::unique_ptr<desk::Desk> desk_;
    std::vector<std::unique_ptr<intake::Folder>> folders_;
    std::unique_ptr<Nightly> nightly_;
    std::unique_ptr<watch::Watch> watch_;
    std::unique_ptr<delivery::Courier> courier_;
    std::unique_ptr<writeback::Feed> writeback_;
    std::unique_ptr<http::Server> server_, control_;
    Loops kept_;
    TaskGroup loops_, desk_loop_;
    std::vector<std::string> notes_;
    bool stopping_ = false;
};

}  // namespace pingjing
