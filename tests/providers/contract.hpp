// Every provider of the registry beside a vendor's end that does what it is told: takes the text, refuses it, says
// nothing, hangs up, talks nonsense. A row says how to set the channel up and in which words its vendor refuses.
#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "providers/provider.hpp"

namespace pingjing::contract {

namespace asio = boost::asio;

enum class Wire { http, link, socket, process };  // process: nothing leaves it

struct Refusal {
    int code = 0;        // HTTP: the status; a link: its own code
    std::string said{};  // the answer's body; of an adapter: what stands in its outcome
    std::string outcome{};
};

struct Row {
    std::string provider;
    Wire wire = Wire::http;
    std::string settings;  // of the channel; {url}, {port}, {door}, {socket} are put in
    Refusal accepted{};    // `outcome` with the vendor's ids: "accepted x1"
    std::vector<Refusal> refusals{};
    std::string garbage{};  // an answer of 200 that proves nothing, where "<html>" proves something
};
const std::vector<Row>& rows();

// A listener on all addresses of this machine that notes whoever connects. It reads requests of HTTP, and answers as it
// is told.
class Recorder {
public:
    // To one request; nullopt: says nothing, empty: hangs up.
    using Answer = std::function<std::optional<std::string>(const std::string& request)>;
    explicit Recorder(asio::io_context& io);
    ~Recorder();
    int port() const;
    std::string url() const;  // on 127.0.0.1
    int connections() const;
    Answer answer{};
    std::vector<std::string> requests{};

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
std::string http_answer(int status, const std::string& body, const std::string& headers = {});

enum class Vendor {
    takes,
    refuses,
    hangs_up,  // it may have taken it
    silent,    // likewise
    nonsense,  // likewise
    nobody,    // nothing listens
    no_tls     // we were told that it speaks TLS
};

provider::Submission a_text();  // of ours, which vendors of approved templates know

// A vendor's end, and the provider that the registry makes for it.
class Site {
public:
    Site(const Row& row, Vendor vendor, const Refusal* refusal = nullptr, const std::string& more = "");
    ~Site();
    // How an attempt ends, as the dispatcher takes it: what nobody answers in time is ambiguous. With the vendor's ids
    // where it was taken.
    std::string submit();
    int texts() const;     // that arrived there
    Recorder* recorder();  // of a vendor over HTTP

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// What the registry says of a channel; null: `problems` says why there is none.
provider::Make make_channel(const std::string& provider, const std::string& toml, std::string& problems);

}  // namespace pingjing::contract
