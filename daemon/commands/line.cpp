#include "daemon/commands/line.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <cstring>
#include <stdexcept>

#include "daemon/admin/access.hpp"
#include "daemon/admin/control.hpp"
#include "daemon/admin/ledger_api.hpp"
#include "daemon/app.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/delivery/api.hpp"
#include "daemon/eligibility/eligibility.hpp"
#include "daemon/followup/api.hpp"
#include "daemon/followup/appeals_api.hpp"
#include "daemon/followup/letters_api.hpp"
#include "daemon/followup/work.hpp"
#include "daemon/followup/review_api.hpp"
#include "daemon/inbound/quarantine_api.hpp"
#include "daemon/intake/api.hpp"
#include "daemon/notices/api.hpp"

namespace pingjing::commands {
namespace {

class Socket {
public:
    Socket() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    ~Socket() {
        if (fd_ >= 0) ::close(fd_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    bool connect(const std::string& path) const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path) return false;
        std::memcpy(address.sun_path, path.c_str(), path.size());
        return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) throw std::runtime_error("the daemon closed the control socket");
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    std::string receive_all() const {
        std::string out;
        char buffer[65536];
        for (ssize_t n; (n = ::recv(fd_, buffer, sizeof buffer, 0)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
        return out;
    }

private:
    int fd_;
};

Answer read_answer(const std::string& bytes) {
    auto end = bytes.find("\r\n\r\n");
    if (end == std::string::npos || !bytes.starts_with("HTTP/1.1 ")) throw std::runtime_error("the daemon gave no answer; its log says why");
    Answer answer;
    answer.status = std::stoi(bytes.substr(9, 3));
    answer.body = bytes.substr(end + 4);
    auto length = bytes.find("\r\nContent-Length: ");
    if (length < end && std::stoull(bytes.substr(length + 18)) != answer.body.size()) throw std::runtime_error("the daemon stopped in the middle of its answer; ask again");
    return answer;
}

// The daemon's handlers on our own store.
struct Local {
    explicit Local(Site s) : site(std::move(s)) {
        site.store->run_now([&](store::Connection& db) {
            auto read = site_rules(site.settings, site.seal, initialised_at(db));
            if (!read) throw std::runtime_error(read.error().detail);
            rules = std::make_shared<const eligibility::SiteRules>(std::move(*read));
        });
        auto intake_rules = std::make_shared<intake::IntakeRules>();
        intake_rules->records = record_rules(site.settings, site.clock->now());
        intake_rules->site = *rules;
        auto names = std::make_shared<const reports::ReportSite>(report_site(site.settings, &site.seal));
        http::Guard everyone = [](std::string, http::Handler handler) { return handler; };  // whoever may open the store needs no token
        intake::add_calls_route(router, everyone, intake, [intake_rules] { return intake_rules; }, *site.clock);
        reports::add_routes(router, {store::read_on(*site.store), *site.store, site.seal, *site.clock, [names] { return names; }}, everyone);
        auto place = [this] { return reports::ExportPlace{site.settings.reports.export_dir, site.settings.rules_sha256}; };
        reports::add_export_route(router, {store::read_on(*site.store), *site.store, site.seal, *site.clock, [names] { return names; }}, place);
        auto published = [this, names] { return public_wish(site.settings, *names); };
        reports::add_public_route(router, {store::read_on(*site.store), *site.store, site.seal, *site.clock, [names] { return names; }}, published);
        delivery::add_delivery_route(router, store::read_on(*site.store));
        followup::add_followup_routes(router, everyone, *site.store, site.seal, *site.clock);
        auto of_followups = std::make_shared<const followup::Rules>(followup_rules(site.settings));
        followup::Parts for_followups{*site.store, site.seal, *site.clock, random, [of_followups] { return of_followups; }, {}};
        followup::add_work_routes(router, everyone, for_followups);
        followup::add_appeal_routes(router, everyone, for_followups);
        followup::add_review_routes(router, everyone, {*site.store, site.seal, *site.clock, [this] { return review_rules(site.settings); }});
        followup::add_letter_routes(router, everyone, {*site.store, site.seal, *site.clock, random, [this] { return letter_rules(site.settings); }, {}, {}});
        notices::add_notice_routes(router, everyone, {*site.store, site.seal, *site.clock, random, [this] { return notice_rules(site.settings); }, {}});
        desk::add_desk_routes(router, everyone, {*site.store, site.seal, *site.clock, carries(site.settings)});
        admin::ControlParts parts{*site.store, store::read_on(*site.store), site.seal, *site.clock, random};
        parts.called_off = [this] {
            return [this](store::Connection& db, std::int64_t phone_id) { eligibility::reconsider_capped(db, site.seal, random, *rules, phone_id, site.clock->now()); };
        };
        parts.known = [this] { return known_names(site.settings); };
        parts.mode = [this] { return std::string(config::mode_name(site.settings.survey.mode)); };
        admin::add_control_routes(router, std::move(parts));
        inbound::add_quarantine_routes(router, everyone, {*site.store, store::read_on(*site.store), site.seal, *site.clock, {}});
        // On a connection of its own: what it cannot read must not take back what it found.
        admin::add_ledger_routes(router, {store::read_on(reader), *site.store, site.seal, *site.clock, [this] { return recognised_for(site.settings); }});
    }

    asio::io_context io{};
    SystemRandom random{};
    Site site;
    store::ReadThread reader{site.store->path()};
    std::shared_ptr<const eligibility::SiteRules> rules{};
    intake::Intake intake{*site.store, site.seal, random};
    http::Router router{http::Router::Side::control};
};

}  // namespace

struct Line::Impl {
    std::string socket{}, zone{};
    std::unique_ptr<Local> local{};
};

Line::Line(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Line::Line(Line&&) noexcept = default;
Line::~Line() = default;
bool Line::through_daemon() const { return !impl_->local; }
const std::string& Line::zone() const { return impl_->zone; }

std::optional<Line> Line::open(const config::Settings& settings) {
    auto impl = std::make_unique<Impl>();
    impl->socket = control_socket(settings).string(), impl->zone = settings.service.timezone;
    if (!Socket().connect(impl->socket)) {
        auto site = open_site(settings);
        if (!site) return std::nullopt;
        impl->local = std::make_unique<Local>(std::move(*site));
    }
    return Line(std::move(impl));
}

Answer Line::ask(const std::string& method, const std::string& target, const std::string& body, const std::string& content_type, const std::string& extra_header) {
    if (!impl_->local) {
        Socket socket;
        if (!socket.connect(impl_->socket)) throw std::runtime_error("the daemon has gone; ask again");
        auto head = fmt::format("{} {} HTTP/1.1\r\nHost: control\r\nConnection: close\r\nContent-Length: {}\r\n", method, target, body.size());
        if (!content_type.empty()) head += fmt::format("Content-Type: {}\r\n", content_type);
        if (!extra_header.empty()) head += extra_header + "\r\n";
        socket.send(head + "\r\n");
        socket.send(body);
        return read_answer(socket.receive_all());
    }
    auto& local = *impl_->local;
    // What this command writes down would hide from the next start that the clock was wrong before.
    if (method != "GET")
        local.site.store->run_now([&](store::Connection& db) {
            if (auto why = hold_if_clock_is_off(db, local.site.clock->now()); !why.empty())
                fmt::print(stderr, "{}: sending is on hold until `pingjing release --of clock`\n", why);
        });
    http::Request request;
    request.method = method, request.target = target;
    auto question = target.find('?');
    request.path = http::percent_decode(target.substr(0, question), false).value_or("");
    if (question != std::string::npos) request.query = target.substr(question + 1), request.parameters = http::parse_query(request.query);
    request.body = body;
    request.trusted = true;
    if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
    if (auto colon = extra_header.find(": "); colon != std::string::npos) request.headers.emplace_back(extra_header.substr(0, colon), extra_header.substr(colon + 2));
    request.asker = admin::near_asker(request);
    request.headers.emplace_back(admin::who_header, request.asker.who);
    std::optional<http::Response> response;
    std::exception_ptr failed;
    auto on_done = [&](std::exception_ptr error, http::Response r) { failed = error, response = std::move(r); };
    local.io.restart();
    asio::co_spawn(local.io, local.router.handle(std::move(request)), on_done);
    local.io.run();
    if (failed) std::rethrow_exception(failed);
    return {response->status, response->content_type, std::move(response->body)};
}

Query& Query::add(const std::string& name, const std::string& value) {
    if (!value.empty()) text_ += fmt::format("{}{}={}", text_.empty() ? "" : "&", name, http::percent_encode(value));
    return *this;
}

int complain(const Answer& answer) {
    boost::system::error_code bad;
    auto problem = boost::json::parse(answer.body, bad);
    std::string detail = answer.body;
    if (const auto* object = problem.if_object(); !bad && object && object->contains("detail") && object->at("detail").is_string())
        detail = std::string(object->at("detail").as_string());
    fmt::print(stderr, "{}\n", detail);
    return answer.status == 400 ? 2 : 1;
}

}  // namespace pingjing::commands
