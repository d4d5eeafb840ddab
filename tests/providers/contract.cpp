#include "tests/providers/contract.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

#include "daemon/async/task_group.hpp"
#include "daemon/async/within.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/http/client.hpp"
#include "providers/cmpp/server.hpp"
#include "providers/registry.hpp"
#include "providers/sgip/server.hpp"
#include "providers/simulated/exchange.hpp"
#include "providers/smgp/server.hpp"
#include "providers/smpp/server.hpp"
#include "tests/providers/external/adapter.hpp"
#include "tests/support/free_port.hpp"

namespace pingjing::contract {
namespace {

const std::string link_waits =
    "response_timeout = \"1s\"\nsubmit_timeout = \"10s\"\nextension_digits = 2\nhost = \"127.0.0.1\"\nport = {port}\n";
const std::string hook = "https://pj.example.cn/v1/hooks/main/0123456789abcdef";

// What a vendor's answer says of our one text.
std::string of_tencent(const std::string& code) {
    return fmt::format(R"({{"Response":{{"SendStatusSet":[{{"SerialNo":"s1","PhoneNumber":"+8613800138000","Fee":1,"SessionContext":"r","Code":"{}"}}],"RequestId":"r"}}}})", code);
}
std::string of_huawei(const std::string& status) {
    return fmt::format(R"({{"code":"{}","result":[{{"originTo":"+8613800138000","smsMsgId":"m1","status":"{}","total":1}}]}})", status == "000000" ? status : "E000510", status);
}
std::string of_vonage(const std::string& status) {
    return fmt::format(R"({{"message-count":"1","messages":[{{"to":"8613800138000","message-id":"0A1","status":"{}"}}]}})", status);
}

// Of those who send approved templates alone: a file for as long as the program runs.
std::string template_ids() {
    static const test::TempFolder folder;
    auto path = (folder / "ids.toml").string();
    std::ofstream file(path);
    for (const char* vendor : {"aliyun", "tencent", "ctyun", "huawei"}) file << fmt::format("[[{}]]\ntext = \"survey\"\nid = \"T1\"\n", vendor);
    return fmt::format("template_ids = \"{}\"\n", path);
}

}  // namespace

provider::Submission a_text() {
    provider::Submission submission("r0000000000000000001", *Phone::mobile("13800138000"), Text("1满意"), "", std::chrono::hours(1));
    submission.text_name = "survey";
    submission.values = {{"sign", "XX公安"}, {"month", "11"}, {"day", "30"}};
    return submission;
}

const std::vector<Row>& rows() {
    static const std::vector<Row> all = {
        {"http",
         Wire::http,
         "preset = \"kannel\"\nurl = \"{url}\"\nusername = \"pj\"\npassword = \"secret\"\nsource = \"106900110\"\n",
         {202, "0: Accepted for delivery", "accepted"},
         {{403, "Authorization failed for sendsms", "channel_down_auth"},
          {400, "Number(s) has/have been denied by white- and/or black-lists.", "permanent_number"},
          {400, "Invalid content-type", "permanent_config"},
          {503, "Temporal failure, try again later.", "retry"},
          {429, "", "throttled_channel"},
          {402, "", "channel_down_balance"}}},
        {"http",
         Wire::http,
         "preset = \"android-sms-gateway\"\nurl = \"{url}\"\nusername = \"u\"\npassword = \"p\"\n",
         {202, R"({"id":"r1","state":"Pending"})", "accepted"},
         {{401, "", "channel_down_auth"},
          {400, "{}", "permanent_number"},
          {503, "", "throttled_channel"},
          {404, "", "permanent_config"}}},
        {"twilio",
         Wire::http,
         "url = \"{url}\"\naccount = \"AC1\"\nusername = \"AC1\"\npassword = \"p\"\nsource = \"+447700900100\"\n",
         {201, R"({"sid":"SM1","status":"queued","error_code":null})", "accepted SM1"},
         {{400, R"({"code":21211})", "permanent_number"},
          {400, R"({"code":21610})", "opted_out"},
          {429, R"({"code":20429})", "throttled_channel"},
          {400, R"({"code":21611})", "retry"},
          {401, R"({"code":20003})", "channel_down_auth"},
          {400, R"({"code":30002})", "channel_down_balance"},
          {400, R"({"code":21617})", "permanent_content"},
          {400, R"({"code":21606})", "permanent_config"}}},
        {"yunmas",
         Wire::http,
         "url = \"{url}\"\nec_name = \"e\"\nap_id = \"a\"\nsign_code = \"s\"\n[secrets]\nsecret_key = \"k\"\n",
         {200, R"({"rspcod":"success","msgGroup":"77"})", "accepted 77"},
         {{200, R"({"rspcod":"IllegalMac"})", "channel_down_auth"},
          {200, R"({"rspcod":"NoSignId"})", "permanent_config"},
          {200, R"({"rspcod":"InvalidMessage"})", "permanent_content"},
          {200, R"({"rspcod":"InvalidMobile"})", "permanent_number"}}},
        {"aliyun", Wire::http, "url = \"{url}\"\naccess_key_id = \"k\"\naccess_key_secret = \"s\"\n" + template_ids(),
         {200, R"({"Code":"OK","Message":"OK","RequestId":"r","BizId":"b1"})", "accepted b1"},
         {{400, R"({"Code":"SignatureDoesNotMatch"})", "channel_down_auth"}, {200, R"({"Code":"isv.AMOUNT_NOT_ENOUGH"})", "channel_down_balance"},
          {200, R"({"Code":"isv.SMS_TEMPLATE_ILLEGAL"})", "permanent_config"}, {200, R"({"Code":"isv.SMS_CONTENT_ILLEGAL"})", "permanent_content"},
          {200, R"({"Code":"isv.MOBILE_NUMBER_ILLEGAL"})", "permanent_number"}, {200, R"({"Code":"isv.OVER_FREQUENCY"})", "throttled_number"},
          {400, R"({"Code":"Throttling.User"})", "throttled_channel"}, {500, R"({"Code":"isp.SYSTEM_ERROR"})", "ambiguous"}}},
        {"tencent", Wire::http, "url = \"{url}\"\nsecret_id = \"k\"\nsecret_key = \"s\"\napp_id = \"1400006666\"\n" + template_ids(),
         {200, of_tencent("Ok"), "accepted s1"},
         {{200, R"({"Response":{"Error":{"Code":"AuthFailure.SignatureFailure"},"RequestId":"r"}})", "channel_down_auth"},
          {200, of_tencent("FailedOperation.InsufficientBalanceInSmsPackage"), "channel_down_balance"}, {200, of_tencent("FailedOperation.PhoneNumberInBlacklist"), "opted_out"},
          {200, of_tencent("FailedOperation.TemplateIncorrectOrUnapproved"), "permanent_config"}, {200, of_tencent("FailedOperation.ContainSensitiveWord"), "permanent_content"},
          {200, of_tencent("InvalidParameterValue.IncorrectPhoneNumber"), "permanent_number"}, {200, of_tencent("LimitExceeded.PhoneNumberDailyLimit"), "throttled_number"},
          {200, R"({"Response":{"Error":{"Code":"RequestLimitExceeded"},"RequestId":"r"}})", "throttled_channel"}, {200, of_tencent("InternalError.Timeout"), "ambiguous"}}},
        {"ctyun", Wire::http, "url = \"{url}\"\naccess_key = \"k\"\nsecret_key = \"s\"\n" + template_ids(),
         {200, R"({"code":"OK","requestId":"r1"})", "accepted r1"},
         {{200, R"({"code":"INSUFFICIENT_BALANCE"})", "channel_down_balance"}, {200, R"({"code":"SIGN_NOT_FOUND"})", "permanent_config"},
          {200, R"({"code":"PHONE_LIMIT"})", "throttled_number"}, {200, R"({"code":"NEVER_HEARD_OF"})", "ambiguous"}}},
        {"huawei", Wire::http, "url = \"{url}\"\napp_key = \"k\"\napp_secret = \"s\"\nsource = \"1069123400012\"\n" + template_ids(),
         {200, of_huawei("000000"), "accepted m1"},
         {{401, R"({"code":"E000101"})", "channel_down_auth"}, {200, of_huawei("E000112"), "channel_down_balance"}, {200, of_huawei("E200030"), "permanent_config"},
          {200, of_huawei("E200041"), "permanent_number"}, {200, of_huawei("E000623"), "throttled_channel"}, {200, of_huawei("E000000"), "ambiguous"}}},
        {"vonage", Wire::http, "url = \"{url}\"\nusername = \"k\"\npassword = \"s\"\nsource = \"447700900000\"\n", {200, of_vonage("0"), "accepted 0A1"},
         {{200, of_vonage("4"), "channel_down_auth"}, {200, of_vonage("9"), "channel_down_balance"}, {200, of_vonage("2"), "permanent_config"}, {200, of_vonage("7"), "permanent_number"},
          {200, of_vonage("1"), "throttled_channel"}, {200, of_vonage("5"), "ambiguous"}}},
        // scripts/new-provider puts its row here
        {"smpp",
         Wire::link,
         link_waits + "system_id = \"pingjing\"\npassword = \"secret\"\nsource = \"106900110\"\n",
         {0, "", "accepted"},
         {{0x0B, "", "permanent_number"},
          {0x0A, "", "permanent_config"},
          {0x65, "", "permanent_content"},
          {0x58, "", "throttled_channel"},
          {0x0E, "", "channel_down_auth"},
          {0x04, "", "retry"},
          {0x08, "", "ambiguous"},
          {0x4FF, "", "ambiguous"}}},
        {"cmpp2",
         Wire::link,
         link_waits + "sp_id = \"901234\"\npassword = \"secret\"\nservice_id = \"HELP\"\nsource = \"10690001\"\n",
         {0, "", "accepted"},
         {{13, "", "permanent_number"},
          {10, "", "permanent_config"},
          {76, "", "permanent_content"},
          {8, "", "throttled_channel"},
          {68, "", "channel_down_auth"},
          {208, "", "channel_down_balance"},
          {69, "", "opted_out"},
          {3, "", "ambiguous"},
          {254, "", "ambiguous"}}},
        {"cmpp3",
         Wire::link,
         link_waits + "sp_id = \"901234\"\npassword = \"secret\"\nservice_id = \"HELP\"\nsource = \"10690001\"\n",
         {0, "", "accepted"},
         {{13, "", "permanent_number"},
          {10, "", "permanent_config"},
          {76, "", "permanent_content"},
          {8, "", "throttled_channel"},
          {68, "", "channel_down_auth"},
          {208, "", "channel_down_balance"},
          {69, "", "opted_out"},
          {54, "", "ambiguous"}}},
        {"sgip",
         Wire::link,
         link_waits + "node = 3010012345\nlogin_name = \"pingjing\"\npassword = \"secret\"\nlisten = "
                      "\"127.0.0.1:{door}\"\npeers = [\"127.0.0.1\"]\nlisten_name = \"smg\"\n"
                      "listen_password = \"smgpw\"\ncorporation = \"12345\"\nsource = \"10655001\"\n",
         {0, "", "accepted"},
         {{6, "", "permanent_number"},
          {7, "", "permanent_config"},
          {8, "", "permanent_content"},
          {88, "", "throttled_channel"},
          {1, "", "channel_down_auth"},
          {110, "", "opted_out"},
          {3, "", "retry"},
          {9, "", "ambiguous"},
          {99, "", "ambiguous"}}},
        {"smgp",
         Wire::link,
         link_waits +
             "client_id = \"pingjing\"\npassword = \"secret\"\nservice_id = \"SVC01\"\nsource = \"10690001\"\n",
         {0, "", "accepted"},
         {{47, "", "permanent_number"},
          {46, "", "permanent_config"},
          {34, "", "permanent_content"},
          {1, "", "throttled_channel"},
          {21, "", "channel_down_auth"},
          {2, "", "retry"},
          {12, "", "ambiguous"},
          {200, "", "ambiguous"}}},
        {"external",
         Wire::socket,
         "socket = \"{socket}\"\ntimeout = \"1s\"\n",
         {0, R"("outcome":"accepted","vendor_ids":["x1"])", "accepted x1"},
         {{0, R"("outcome":"permanent_number")", "permanent_number"},
          {0, R"("outcome":"permanent_config")", "permanent_config"},
          {0, R"("outcome":"permanent_content")", "permanent_content"},
          {0, R"("outcome":"throttled_number")", "throttled_number"},
          {0, R"("outcome":"throttled_channel")", "throttled_channel"},
          {0, R"("outcome":"opted_out")", "opted_out"},
          {0, R"("outcome":"channel_down_auth")", "channel_down_auth"},
          {0, R"("outcome":"channel_down_balance")", "channel_down_balance"},
          {0, R"("outcome":"retry")", "retry"},
          {0, R"("outcome":"partial")", "partial"},
          {0, R"("outcome":"OK")", "ambiguous"}}},
        {"simulated",
         Wire::process,
         "",
         {0, "", "accepted"},
         {{0, "[faults]\nrefused = 1\n", "permanent_number"},
          {0, "[faults]\nthrottled = 1\n", "throttled_channel"},
          {0, "[faults]\nretry = 1\n", "retry"},
          {0, "[faults]\nambiguous = 1\n", "ambiguous"}}},
    };
    return all;
}

// ── who connects ──

struct Recorder::Impl {
    explicit Impl(asio::io_context& context)
        : io(context),
          acceptor(context),
          tasks(context.get_executor(), [](const std::string&, std::exception_ptr) {}) {}
    asio::awaitable<void> accept(Recorder& self) {
        for (;;) {
            auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            ++connections;
            sockets.push_back(std::make_shared<asio::ip::tcp::socket>(std::move(socket)));
            tasks.spawn("serve", serve(self, sockets.back()));
        }
    }
    static asio::awaitable<void> serve(Recorder& self, std::shared_ptr<asio::ip::tcp::socket> socket) {
        std::string bytes;
        char piece[4096];
        for (;;) {
            auto end = bytes.find("\r\n\r\n");
            auto length_at = bytes.find("Content-Length: ");
            auto length = end != bytes.npos && length_at < end ? std::stoul(bytes.substr(length_at + 16, 8)) : 0;
            if (end != bytes.npos && bytes.size() >= end + 4 + length) {
                self.requests.push_back(bytes.substr(0, end + 4 + length));
                bytes.erase(0, end + 4 + length);
                auto answer = self.answer ? self.answer(self.requests.back()) : std::nullopt;
                if (answer && !answer->empty())
                    co_await asio::async_write(*socket, asio::buffer(*answer), asio::as_tuple(asio::use_awaitable));
                if (answer) {
                    boost::system::error_code ignored;
                    socket->close(ignored);
                    co_return;
                }
                continue;
            }
            auto [error, count] =
                co_await socket->async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            bytes.append(piece, count);
            if (bytes[0] == '\x16') {  // TLS where nobody speaks it
                boost::system::error_code ignored;
                socket->close(ignored);
                co_return;
            }
        }
    }
    asio::awaitable<void> stop() {
        boost::system::error_code ignored;
        acceptor.close(ignored);
        for (auto& socket : sockets) socket->close(ignored);
        tasks.stop();
        co_await tasks.join();
    }
    asio::io_context& io;
    asio::ip::tcp::acceptor acceptor;
    std::vector<std::shared_ptr<asio::ip::tcp::socket>> sockets{};
    int connections = 0;
    TaskGroup tasks;
};

Recorder::Recorder(asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {
    boost::system::error_code no_ipv6;
    impl_->acceptor.open(asio::ip::tcp::v6(), no_ipv6);
    if (!no_ipv6) impl_->acceptor.set_option(asio::ip::v6_only(false), no_ipv6);
    if (!no_ipv6) impl_->acceptor.bind({asio::ip::tcp::v6(), 0}, no_ipv6);
    if (no_ipv6) {
        impl_->acceptor = asio::ip::tcp::acceptor(io);
        impl_->acceptor.open(asio::ip::tcp::v4());
        impl_->acceptor.bind({asio::ip::tcp::v4(), 0});
    }
    impl_->acceptor.listen();
    impl_->tasks.spawn("accept", impl_->accept(*this));
}

Recorder::~Recorder() { test::run(impl_->io, impl_->stop()); }

int Recorder::port() const { return impl_->acceptor.local_endpoint().port(); }
std::string Recorder::url() const { return fmt::format("http://127.0.0.1:{}/send", port()); }
int Recorder::connections() const { return impl_->connections; }

std::string http_answer(int status, const std::string& body, const std::string& headers) {
    return fmt::format("HTTP/1.1 {} Said\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}", status, body.size(),
                       headers, body);
}

provider::Make make_channel(const std::string& provider, const std::string& toml, std::string& problems) {
    config::Problems all;
    auto document = config::Document::parse(toml, "p.toml", all);
    if (!document) return problems = all.text(), nullptr;
    config::Section section(*document, all);
    auto made = provider::read_channel(section, provider, {"main", hook});
    section.finish();
    problems = all.text();
    return all.empty() ? made : nullptr;
}

// ── the site ──

struct Site::Impl {
    Impl()
        : client(io.get_executor()),
          world(io.get_executor(), *clock, random, &client),
          tasks(io.get_executor(), [](const std::string&, std::exception_ptr) {}) {}

    void open_http(const Row& row, Vendor vendor, const Refusal* refusal) {
        recorder.emplace(io);
        auto said = refusal ? *refusal : row.accepted;
        auto nonsense = row.garbage.empty() ? std::string("<html>200 OK</html>") : row.garbage;
        recorder->answer = [vendor, said, nonsense](const std::string&) -> std::optional<std::string> {
            if (vendor == Vendor::silent) return std::nullopt;
            if (vendor == Vendor::hangs_up) return "";
            if (vendor == Vendor::nonsense) return http_answer(200, nonsense);
            return http_answer(said.code, said.said);
        };
    }
    int open_link(const Row& row, Vendor vendor, const Refusal* refusal) {
        auto protocol = row.provider == "smpp"    ? smpp::server()
                        : row.provider == "cmpp2" ? cmpp::server(cmpp::Version::v2)
                        : row.provider == "cmpp3" ? cmpp::server(cmpp::Version::v3)
                        : row.provider == "sgip"  ? sgip::server()
                                                  : smgp::server();
        auto habits = simulated::usual(protocol);
        simulated::Fault fault;
        fault.share = 1;
        if (vendor == Vendor::refuses)
            fault.what = simulated::Wrong::refuse, fault.code = static_cast<std::uint32_t>(refusal->code);
        if (vendor == Vendor::hangs_up) fault.what = simulated::Wrong::drop;
        if (vendor == Vendor::silent) fault.what = simulated::Wrong::no_response;
        if (vendor == Vendor::nonsense) fault.what = simulated::Wrong::wrong_length;
        if (vendor != Vendor::takes && vendor != Vendor::no_tls) habits.faults.push_back(fault);
        std::string name = row.provider.starts_with("cmpp") ? "901234" : "pingjing";
        simulated::GatewaySettings settings{protocol, habits, {}, {{name, "secret"}}, 5, 1, false};
        gateway.emplace(std::move(settings), *clock, journal);
        exchange.emplace(io.get_executor(), *clock, *gateway, std::nullopt);
        auto at = exchange->open({"127.0.0.1", 0, {}});
        REQUIRE(at);
        tasks.spawn("exchange", exchange->run());
        return at->port();
    }
    void open_socket(const Row& row, Vendor vendor, const Refusal* refusal) {
        adapter.emplace(io, folder / "a.sock");
        auto said = refusal ? refusal->said : row.accepted.said;
        adapter->on = [vendor, said](test::Adapter& self,
                                     const test::Adapter::Heard& heard) -> std::optional<std::string> {
            if (heard.frame.at("type").as_string() != "submit") return test::Adapter::usual(self, heard);
            if (vendor == Vendor::silent) return std::nullopt;
            if (vendor == Vendor::hangs_up) return "";
            if (vendor == Vendor::nonsense) return test::framed("<html>");
            return test::outcome_frame(heard.frame, said);
        };
    }
    asio::awaitable<void> stop() {
        tasks.stop();
        co_await tasks.join();
    }
    int free_port() { return test::free_port(io); }

    test::TempFolder folder;
    asio::io_context io;
    std::unique_ptr<Clock> clock = system_clock();
    SeededRandom random{3};
    http::Client client;
    provider::World world;
    std::vector<std::string> lines;
    simulated::Journal journal{[this](const std::string& line) { lines.push_back(line); }};
    std::optional<Recorder> recorder;
    std::optional<simulated::Gateway> gateway;
    std::optional<simulated::Exchange> exchange;
    std::optional<test::Adapter> adapter;
    test::Kept kept;
    std::unique_ptr<provider::Provider> provider;
    TaskGroup tasks;
};

Site::Site(const Row& row, Vendor vendor, const Refusal* refusal, const std::string& more)
    : impl_(std::make_unique<Impl>()) {
    auto& me = *impl_;
    auto port = me.free_port();
    auto url = fmt::format("http://127.0.0.1:{}/send", port);
    if (vendor != Vendor::nobody) {
        if (row.wire == Wire::http) me.open_http(row, vendor, refusal), url = me.recorder->url();
        if (row.wire == Wire::link) port = me.open_link(row, vendor, refusal);
        if (row.wire == Wire::socket) me.open_socket(row, vendor, refusal);
    }
    if (vendor == Vendor::no_tls) url.insert(4, "s");
    auto toml = more +
                (row.wire == Wire::http                               ? "timeout = \"500ms\"\n"
                 : vendor == Vendor::no_tls && row.wire == Wire::link ? "tls = true\n"
                                                                      : "") +
                row.settings;
    if (row.wire == Wire::process && refusal) toml += refusal->said;
    for (const auto& [name, value] :
         std::initializer_list<std::pair<std::string, std::string>>{{"{url}", url},
                                                                    {"{port}", std::to_string(port)},
                                                                    {"{door}", std::to_string(me.free_port())},
                                                                    {"{socket}", (me.folder / "a.sock").string()}})
        if (auto at = toml.find(name); at != toml.npos) toml.replace(at, name.size(), value);
    std::string problems;
    auto make = make_channel(row.provider, toml, problems);
    REQUIRE_MESSAGE(make, problems);
    me.provider = make(me.world);
    me.tasks.spawn("serve", me.provider->serve(me.kept));
    auto connected = [&]() -> asio::awaitable<bool> {
        bool will = vendor != Vendor::nobody && vendor != Vendor::no_tls;
        for (int i = 0; i < 400 && will && me.provider->links().up < me.provider->links().of; ++i)
            co_await sleep_for(std::chrono::milliseconds(10));
        co_return true;
    };
    test::run<bool>(me.io, connected());
}

Site::~Site() {
    test::run(impl_->io, impl_->stop(), std::chrono::seconds(40));
    if (impl_->adapter) test::run(impl_->io, impl_->adapter->stop());
}

std::string Site::submit() {
    auto task = [](Impl& me) -> asio::awaitable<std::string> {
        auto submission = a_text();
        auto outcome = co_await within(std::chrono::seconds(8), me.provider->submit(std::move(submission)));
        if (!outcome) co_return "ambiguous";
        auto out = std::string(provider::outcome_name(*outcome));
        if (auto* taken = std::get_if<provider::Accepted>(&*outcome))
            for (const auto& id : taken->vendor_ids) out += " " + id;
        co_return out;
    };
    return test::run<std::string>(impl_->io, task(*impl_), std::chrono::seconds(30));
}

int Site::texts() const {
    if (impl_->recorder) return static_cast<int>(impl_->recorder->requests.size());
    if (impl_->adapter) return static_cast<int>(impl_->adapter->of_type("submit").size());
    auto is_text = [](const std::string& line) { return line.find("\"kind\":\"submit\"") != line.npos; };
    return static_cast<int>(std::count_if(impl_->lines.begin(), impl_->lines.end(), is_text));
}

Recorder* Site::recorder() { return impl_->recorder ? &*impl_->recorder : nullptr; }

}  // namespace pingjing::contract
