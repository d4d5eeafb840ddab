// `pingjing simulate`: the carrier's end of a protocol, with the citizens behind it.
#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/commands/commands.hpp"
#include "daemon/core/system_clock.hpp"
#include "providers/cmpp/server.hpp"
#include "providers/sgip/server.hpp"
#include "providers/simulated/exchange.hpp"
#include "providers/smgp/server.hpp"
#include "providers/smpp/server.hpp"

namespace pingjing::commands {
namespace {

using namespace simulated;

std::optional<link::ServerProtocol> find_protocol(const std::string& name) {
    if (name == "smpp") return smpp::server();
    if (name == "cmpp2") return cmpp::server(cmpp::Version::v2);
    if (name == "cmpp3") return cmpp::server(cmpp::Version::v3);
    if (name == "sgip") return sgip::server();
    if (name == "smgp") return smgp::server();
    return std::nullopt;
}

// What a file says, or what is usual where none is named. nullopt: its problems stand on stderr.
template <class T>
std::optional<T> read_toml(const std::string& file, T usual, const std::function<T(config::Section&)>& read) {
    if (file.empty()) return usual;
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    if (!in.good()) {
        fmt::print(stderr, "cannot read {}: {}\n", file, std::strerror(errno));
        return std::nullopt;
    }
    config::Problems problems;
    T out{};
    if (auto document = config::Document::parse(text.str(), file, problems)) {
        config::Section section(*document, problems);
        out = read(section);
    }
    if (problems.empty()) return out;
    fmt::print(stderr, "{}\n", problems.text());
    return std::nullopt;
}

std::optional<Account> read_account(std::string_view user) {
    auto colon = user.find(':');
    if (colon == 0 || colon == user.npos || colon + 1 == user.size()) return std::nullopt;
    return Account{std::string(user.substr(0, colon)), std::string(user.substr(colon + 1))};
}

// NAME:SECRET a line; blank ones and what begins with # say nothing. False: its problems stand on stderr, and no secret.
bool read_users_file(const std::string& file, std::vector<Account>& out) {
    std::ifstream in(file);
    if (!in.is_open()) return fmt::print(stderr, "cannot read {}: {}\n", file, std::strerror(errno)), false;
    auto before = out.size();
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.ends_with('\r')) line.pop_back();
        if (line.empty() || line.starts_with('#')) continue;
        auto account = read_account(line);
        if (!account) return fmt::print(stderr, "{}:{}: expected NAME:SECRET\n", file, number), false;
        out.push_back(std::move(*account));
    }
    if (in.bad() || out.size() == before) return fmt::print(stderr, "{}: expected a line NAME:SECRET\n", file), false;
    return true;
}

std::size_t longest_name(std::string_view protocol) {
    if (protocol.starts_with("cmpp")) return 6;
    return protocol == "smgp" ? 8 : protocol == "sgip" ? 16 : 15;
}

std::optional<std::vector<Account>> read_accounts(const SimulateOptions& options) {
    std::vector<Account> out;
    for (const auto& user : options.users) {
        auto account = read_account(user);
        if (!account) return fmt::print(stderr, "--users: expected NAME:SECRET\n"), std::nullopt;  // what stands there may be a secret
        out.push_back(std::move(*account));
    }
    if (!options.users_file.empty() && !read_users_file(options.users_file, out)) return std::nullopt;
    // By CMPP a name is the six digits of an enterprise.
    if (out.empty()) out.push_back({options.protocol.starts_with("cmpp") ? "901234" : "pingjing", "secret"});
    for (const auto& account : out)
        if (account.name.size() > longest_name(options.protocol))
            return fmt::print(stderr, "a user '{}': expected at most {} characters, {} has no room for more\n", account.name, longest_name(options.protocol), options.protocol), std::nullopt;
    return out;
}

// Null: none is asked for. nullopt: its problem stands on stderr.
std::optional<std::shared_ptr<asio::ssl::context>> read_tls(const SimulateOptions& options, const link::ServerProtocol& protocol) {
    if (options.tls_cert.empty() && options.tls_key.empty()) return nullptr;
    if (options.tls_cert.empty() || options.tls_key.empty()) return fmt::print(stderr, "--tls-cert and --tls-key: expected both or none\n"), std::nullopt;
    if (protocol.name != "smpp") return fmt::print(stderr, "--tls-cert: {} knows no TLS\n", options.protocol), std::nullopt;
    auto tls = link::load_tls_server(options.tls_cert, options.tls_key);
    if (!tls) return fmt::print(stderr, "{}\n", tls.error().detail), std::nullopt;
    return std::move(*tls);
}

// Each line of an earlier run may have given a name: names go on behind them all.
std::uint64_t lines_of(const std::string& file) {
    std::error_code none;
    if (!std::filesystem::is_regular_file(file, none)) return 0;  // nobody read from a terminal or a pipe before
    std::ifstream in(file);
    std::uint64_t lines = 0;
    for (std::string line; std::getline(in, line);) ++lines;
    return lines;
}

asio::awaitable<void> live(asio::io_context& io, Exchange& exchange, asio::signal_set& signals) {
    TaskGroup house(io.get_executor(), [](const std::string&, std::exception_ptr) {});
    auto serve = [](Exchange& e, asio::signal_set& until) -> asio::awaitable<void> {
        co_await e.run();
        until.cancel();
    };
    house.spawn("exchange", serve(exchange, signals));
    auto [error, which] = co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)error, (void)which;  // a signal, or the exchange broke
    house.stop();
    co_await house.join();
}

}  // namespace

int simulate(const SimulateOptions& options) {
    auto protocol = find_protocol(options.protocol);
    if (!protocol) {
        fmt::print(stderr, "pingjing simulate {}: not built yet\n", options.protocol);
        return 2;
    }
    auto at = read_place(options.listen);
    if (!at) return fmt::print(stderr, "--listen {}: expected an address and a port such as 127.0.0.1:0\n", options.listen), 2;
    std::optional<link::Endpoint> call;
    if (!options.call_back.empty()) {
        call = read_place(options.call_back);
        if (!call || call->port == 0) return fmt::print(stderr, "--call-back {}: expected an address and a port such as 127.0.0.1:8801\n", options.call_back), 2;
        if (!protocol->calls) return fmt::print(stderr, "--call-back: {} brings everything over the connections that it is given\n", options.protocol), 2;
    }
    auto accounts = read_accounts(options);
    auto tls = read_tls(options, *protocol);
    auto habits = read_toml<Habits>(options.faults, usual(*protocol), [&](config::Section& s) { return read_habits(s, *protocol); });
    auto citizens = read_toml<CitizenSettings>(options.citizens, {}, read_citizens);
    if (!accounts || !tls || !habits || !citizens) return 2;

    auto first = lines_of(options.log) + 1;
    bool to_stdout = options.log == "-";
    auto* words = to_stdout ? stderr : stdout;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> log(to_stdout ? stdout : std::fopen(options.log.c_str(), "ae"), std::fclose);
    if (!log) return fmt::print(stderr, "cannot write {}: {}\n", options.log, std::strerror(errno)), 1;
    int not_written = 0;
    Journal journal([&](const std::string& line) {
        if ((std::fwrite(line.data(), 1, line.size(), log.get()) != line.size() || std::fflush(log.get()) != 0) && not_written == 0) not_written = errno;
    });

    std::signal(SIGPIPE, SIG_IGN);
    asio::io_context io(1);
    asio::signal_set signals(io, SIGTERM, SIGINT);  // before we say that we listen: whoever reads that may end us at once, in order
    auto clock = system_clock();
    GatewaySettings settings{*protocol, std::move(*habits), std::move(*citizens), std::move(*accounts), options.seed, first, call.has_value()};
    simulated::Gateway gateway(std::move(settings), *clock, journal);
    Exchange exchange(io.get_executor(), *clock, gateway, call, *tls);
    auto place = exchange.open(*at);
    if (!place) return fmt::print(stderr, "{}\n", place.error().detail), 1;
    auto host = place->address().to_string();
    fmt::print(words, "listening on {}:{}\n", place->address().is_v6() ? "[" + host + "]" : host, place->port());
    std::fflush(words);
    if (protocol->calls && !call) fmt::print(stderr, "warning: without --call-back nobody gets reports and replies\n");

    auto on_done = [&](std::exception_ptr) { io.stop(); };
    asio::co_spawn(io, live(io, exchange, signals), on_done);
    io.run();
    for (const auto& [name, count] : journal.counts()) fmt::print(words, "{} {}\n", name, count);
    if (!exchange.failed().empty()) return fmt::print(stderr, "pingjing simulate: {}\n", exchange.failed()), 1;
    if (not_written != 0) return fmt::print(stderr, "{} is not whole: {}\n", options.log, std::strerror(not_written)), 1;
    return 0;
}

}  // namespace pingjing::commands
