// Two links of one channel over sockets, in every protocol whose gateway we call: whatever one of them has to hear, the other goes on.
#include "providers/cmpp/cmpp.hpp"
#include "providers/cmpp/pdu.hpp"
#include "providers/link/bytes.hpp"
#include "providers/smgp/pdu.hpp"
#include "providers/smgp/smgp.hpp"
#include "providers/smpp/pdu.hpp"
#include "providers/smpp/smpp.hpp"
#include "tests/providers/link/peer.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using test::CarrierPeer;

namespace {

// What a test of links has to know of a protocol.
struct Kind {
    const char *name, *vectors, *keys;
    link::FrameLimits limits;
    provider::Make (*read)(config::Section&, provider::ChannelFacts);
    std::size_t command_at, number_at;
    std::vector<std::uint32_t> ends;  // commands that end a link, and answers to its login
    // The carrier's answer to a login, a text, whether it lives; nullopt: it says nothing.
    std::optional<std::string> (*answer)(std::string_view frame, int id);
};

std::optional<std::string> as_smpp(std::string_view frame, int id) {
    using namespace smpp;
    auto pdu = decode(frame);
    auto say = [&](Body body) { return encode({pdu.header.command | response_bit, ok, pdu.header.sequence, std::move(body)}).value(); };
    switch (pdu.header.command) {
        case bind_transceiver: return say(BindAnswer{"centre", {}});
        case submit_sm: return say(MessageAnswer{std::to_string(id), {}});
        case enquire_link: case unbind: return say(Empty{});
        default: return std::nullopt;
    }
}

template <cmpp::Version version>
std::optional<std::string> as_cmpp(std::string_view frame, int id) {
    using namespace cmpp;
    auto pdu = decode(frame, version);
    auto say = [&](Body body) { return encode({pdu.header.command | response_bit, pdu.header.sequence, std::move(body)}, version).value(); };
    switch (pdu.header.command) {
        case cmpp::connect: return say(ConnectAnswer{0, answer_authenticator_of(0, std::get<Connect>(pdu.body).authenticator, "s3cret", version), 0x30});
        case submit: return say(SubmitAnswer{static_cast<std::uint64_t>(id), 0});
        case active_test: return say(ActiveTestAnswer{});
        case terminate: return say(Empty{});
        default: return std::nullopt;
    }
}

std::optional<std::string> as_smgp(std::string_view frame, int id) {
    using namespace smgp;
    auto pdu = decode(frame);
    auto say = [&](Body body) { return encode({pdu.header.command | response_bit, pdu.header.sequence, std::move(body)}).value(); };
    switch (pdu.header.command) {
        case login: return say(LoginAnswer{0, answer_authenticator_of(0, std::get<Login>(pdu.body).authenticator, "s3cret"), 0x30});
        case submit: return say(MessageAnswer{test::from_hex(fmt::format("{:020}", id)), 0});
        case active_test: case exit_link: return say(Empty{});
        default: return std::nullopt;
    }
}

const Kind kinds[] = {
    {"smpp", "smpp", "system_id = \"pingjing\"\npassword = \"secret\"\n", {16, 65536 + 1024}, smpp::read, 4, 12,
     {smpp::unbind, smpp::unbind | smpp::response_bit}, as_smpp},
    {"cmpp2", "cmpp", "sp_id = \"901234\"\npassword = \"s3cret\"\n", {12, 4096}, cmpp::read_2, 4, 8, {cmpp::terminate, cmpp::terminate | cmpp::response_bit}, as_cmpp<cmpp::Version::v2>},
    {"cmpp3", "cmpp", "sp_id = \"901234\"\npassword = \"s3cret\"\n", {12, 4096}, cmpp::read_3, 4, 8, {cmpp::terminate, cmpp::terminate | cmpp::response_bit}, as_cmpp<cmpp::Version::v3>},
    {"smgp", "smgp", "client_id = \"10690001\"\npassword = \"s3cret\"\n", {12, 4096}, smgp::read, 4, 8, {smgp::exit_link, smgp::exit_link | smgp::response_bit}, as_smgp},
};

void put(std::string& octets, std::size_t at, std::uint32_t value) { octets.replace(at, 4, std::move(link::Writer().u32(value)).take()); }

// Every vector cut anywhere, its length telling the truth, under the number of nothing that we said; and what has no end, no meaning or no such number.
std::vector<std::string> nonsense(const Kind& kind) {
    std::vector<std::string> all;
    auto add = [&](std::string frame) {
        put(frame, 0, static_cast<std::uint32_t>(frame.size()));
        put(frame, kind.number_at, 0x7FFF0000u + static_cast<std::uint32_t>(all.size()));
        all.push_back(std::move(frame));
    };
    for (const auto& [name, octets] : test::vectors_of(kind.vectors)) {
        if (octets.size() < kind.limits.least || link::Reader(octets).u32() != octets.size()) continue;
        auto command = link::Reader(std::string_view(octets).substr(kind.command_at)).u32();
        if (std::find(kind.ends.begin(), kind.ends.end(), command) != kind.ends.end()) continue;
        for (auto size = kind.limits.least; size <= octets.size(); size += size < 40 ? 1 : 5) add(octets.substr(0, size));
        add(octets + std::string(3000, '\xff'));
        for (std::uint32_t other : {0u, 0x1234u, 0x7fffffffu, 0xffffffffu}) {
            auto changed = octets;
            put(changed, kind.command_at, other);
            add(std::move(changed));
        }
    }
    return all;
}

}  // namespace

TEST_CASE("whatever one link has to hear its neighbour does not notice, in every protocol") {
    for (const auto& kind : kinds) {
        std::string name = kind.name;
        CAPTURE(name);
        test::CarrierSite site(kind.limits);
        int texts = 0;
        std::size_t bad = 0, by_bad = 0;
        site.peer.on = [&](CarrierPeer&, const CarrierPeer::Heard& heard) {
            auto command = link::Reader(std::string_view(heard.frame).substr(kind.command_at)).u32();
            bool text = command == (name == "smgp" ? 2u : 4u);
            if (text && heard.connection == bad) ++by_bad;
            return kind.answer(heard.frame, text ? ++texts : 0);
        };
        config::Problems problems;
        auto document = config::Document::parse(fmt::format("host = \"127.0.0.1\"\nport = {}\nsource = \"10690001\"\nextension_digits = 2\nlinks = 2\nwindow = 8\n{}", site.peer.port(), kind.keys), "p.toml", problems);
        config::Section section(*document, problems);
        auto make = kind.read(section, {"main"});
        REQUIRE_MESSAGE(make, problems.text());
        site.start(make);
        REQUIRE(site.until([&] { return site.peer.connections() == 2 && site.provider->room() == 8; }));

        auto all = nonsense(kind);
        MESSAGE(name << ": " << all.size());
        CHECK(all.size() >= 500);
        // A thousand of them are not read on before what came is kept: they go in handfuls, and texts between them.
        for (std::size_t i = 0; i < all.size();) {
            std::string handful;
            for (auto end = std::min(all.size(), i + 100); i < end; ++i) handful += all[i];
            site.peer.say(bad, std::move(handful));
            REQUIRE(site.submit("1满意", fmt::format("r{}", i)).starts_with("accepted"));
        }
        CHECK_FALSE(site.peer.ended(0));
        CHECK_FALSE(site.peer.ended(1));
        // In the end one that nothing can follow: this link is left, the other one works on.
        site.peer.say(bad, "\xff\xff\xff\xff" + std::string(12, 'x'));
        REQUIRE(site.until([&] { return site.peer.ended(bad); }));
        auto before = by_bad;
        for (int i = 0; i < 4; ++i) CHECK(site.submit("1满意", fmt::format("s{}", i)).starts_with("accepted"));
        CHECK(by_bad == before);
        CHECK_FALSE(site.peer.ended(1));
        REQUIRE(site.until([&] { return site.provider->room() == 8; }));  // and comes back
        CHECK(site.peer.connections() == 3);
        CHECK(site.inbox.told.empty());
    }
}
