#include <fmt/format.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "daemon/config/lines.hpp"
#include "daemon/config/settings.hpp"
#include "providers/registry.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
using namespace pingjing::config;

namespace {

// A folder that goes when the test does.
struct Folder {
    Path path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "pingjing-test-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    void write(const std::string& name, const std::string& text) const { std::ofstream(path / name, std::ios::binary) << text; }
};

void read_adapter(Section& section, Channel& channel) {
    channel.adapter = provider::read_channel(section, channel.provider, {channel.name, channel.hook_url});
}

tl::expected<Settings, Problems> load_text(const Folder& folder, const std::string& text) {
    folder.write("pingjing.toml", text);
    return load(folder.path / "pingjing.toml", read_adapter);
}

const std::string smallest =
    "[service]\nsign = \"XX公安\"\nstate_dir = \"state\"\nkey_dir = \"keys\"\n"
    "[desk]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:9000/alarm\"\n"
    "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\n";

}  // namespace

TEST_CASE("what is not said has the default of the design") {
    Folder folder;
    auto s = load_text(folder, smallest);
    REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error().text()));
    CHECK(s->survey.delay == 120min);
    CHECK(s->survey.min_delay == 30min);
    CHECK(s->survey.hours.from == 8h);
    CHECK(s->survey.hours.to == 21h);
    CHECK(s->survey.answer_window == 72h);
    CHECK(s->survey.late_window == Days(14));
    CHECK(s->survey.safety_hold == Days(30));
    CHECK(s->survey.daily_ceiling == 5000);
    CHECK(s->reports.weight_basically == 0.5);
    CHECK(s->reports.prior_m == 20);
    CHECK(s->service.sms_alarm == "12110");
    CHECK(s->http.body_limit == 16u << 20);
    CHECK(s->service.state_dir == folder.path / "state");
    CHECK(s->reports.export_dir == folder.path / "state" / "exports");
    REQUIRE(s->routes.size() == 1);
    CHECK(s->routes[0].channels == std::vector<std::string>{"main"});
    CHECK(s->texts.size() == 11);
    CHECK(s->canary.phones.empty());
    CHECK(s->texts["survey"].starts_with("【{{sign}}】"));
    CHECK(s->rules_sha256.size() == 64);
    CHECK(std::any_cast<provider::Make>(&s->channels[0].adapter));
}

TEST_CASE("all that is wrong comes at once, with its line") {
    Folder folder;
    auto s = load_text(folder, smallest +
                                   "souce = \"1069\"\n"                               // 11
                                   "[survey]\ndelay = \"10m\"\nhours = \"8-21\"\n"    // 12-14
                                   "[store]\nkind = \"mysql\"\n"                      // 15-16
                                   "[[route]]\nchannels = [\"other\"]\n"              // 17-18
                                   "[lists]\nunits = \"none.csv\"\n"                  // 19-20
                                   "[extra]\n"                                        // 21
                                   "[[channel]]\nname = \"main\"\nprovider = \"fax\"\n");  // 22-24
    REQUIRE_FALSE(s);
    std::string text = s.error().text();
    auto file = (folder.path / "pingjing.toml").string();
    std::string providers;
    for (const auto& entry : provider::all()) providers += (providers.empty() ? "" : ", ") + std::string(entry.name);
    auto other_provider = ":24: provider = \"fax\": not one of " + providers;
    for (const char* expected : {":11: channel 'main' has no setting 'souce'", ":13: delay is shorter than min_delay", ":14: hours = \"8-21\": expected hours",
                                 ":16: kind = \"mysql\": expected one of", ":18: there is no channel 'other'", ":20: units: cannot read",
                                 ":21: the file has no setting 'extra'", ":23: channel 'main' stands twice", other_provider.c_str()}) {
        CAPTURE(expected);
        CHECK(text.find(file + expected) != std::string::npos);
    }
    CHECK(s.error().lines().size() == 9);
}

TEST_CASE("a route names carriers that exist, and a weight for each of its channels") {
    Folder folder;
    std::ofstream(folder.path / "plan.csv") << "prefix,carrier\n1700,Lyca\n";
    auto with = [&](const std::string& route) {
        auto s = load_text(folder, smallest + "[lists]\nnumber_plan = \"plan.csv\"\n[[route]]\n" + route);
        return s ? std::string() : s.error().text();
    };
    CHECK(with("carriers = [\"Lyca\", \"移动\"]\nchannels = [\"main\"]\nweights = [1]\n") == "");
    CHECK(with("carriers = [\"Lycra\"]\nchannels = [\"main\"]\n").find(":14: carrier \"Lycra\": expected 移动") != std::string::npos);
    CHECK(with("channels = [\"main\"]\nweights = [1, 2]\n").find(":15: weights: expected 1 whole numbers, one for each channel") != std::string::npos);
    CHECK(with("channels = [\"main\"]\nweights = [0]\n").find("not all of them 0") != std::string::npos);
    CHECK(with("channels = [\"main\"]\nweights = [\"much\"]\n").find(":15: weights = a list: expected a list of whole numbers from 0 to 1000") != std::string::npos);
}

TEST_CASE("test texts go to staff alone, at an hour of surveys") {
    Folder folder;
    auto put = [&](const char* name, const char* text) { std::ofstream(folder.path / name) << text; };
    put("staff.txt", "13044306233\n02584410110\n13044306234\n");
    auto with = [&](const char* phones, const std::string& more = "") {
        put("canaries.txt", phones);
        auto s = load_text(folder, smallest + "[lists]\nstaff_phones = \"staff.txt\"\n[canary]\nphones = \"canaries.txt\"\n" + more);
        return s ? std::string() : s.error().text();
    };
    CHECK(with("13044306233\n13044306234\n") == "");
    CHECK(with("13044306233\n", "day = \"friday\"\nat = \"08:00\"\nanswer_within = \"1h\"\n") == "");
    auto stranger = with("13044306233\n13912345678\n");
    CHECK(stranger.find("not on [lists] staff_phones") != std::string::npos);
    CHECK(stranger.find("13912345678") == std::string::npos);
    CHECK(with("02584410110\n").find("expected mobile numbers alone") != std::string::npos);
    CHECK(with("13044306233\n", "at = \"06:59\"\n").find("expected a time within [survey] hours") != std::string::npos);
    CHECK(with("13044306233\n", "day = \"weekly\"\n").find("day = \"weekly\"") != std::string::npos);
}

TEST_CASE("the hour of test texts is nobody's business where none are sent") {
    Folder folder;
    auto late = smallest + "[survey]\nhours = \"11:00-20:00\"\n";
    CHECK(load_text(folder, late));
    folder.write("staff.txt", "13044306233\n");
    auto sent = late + "[lists]\nstaff_phones = \"staff.txt\"\n[canary]\nphones = \"staff.txt\"\n";
    CHECK_FALSE(load_text(folder, sent));
    CHECK(load_text(folder, sent + "at = \"11:00\"\n"));
}

TEST_CASE("what leaves nobody to ask, or nothing to take, is warned of") {
    Folder folder;
    folder.write("units.csv", "unit,name\n320102430000,城东\n");
    auto warned = [&](const std::string& more, const std::string& words) {
        auto s = load_text(folder, smallest + more);
        if (!s) return s.error().text();
        auto found = std::any_of(s->warnings.begin(), s->warnings.end(), [&](const std::string& w) { return w.find(words) != w.npos; });
        return found ? std::string() : "no warning: " + words;
    };
    CHECK(warned("[survey]\ndaily_ceiling = 0\n", ":12: daily_ceiling = 0: nobody is asked") == "");
    CHECK(warned("daily_ceiling = 0\n", "nobody is asked by this channel") == "");
    auto pilot = "[survey]\nmode = \"pilot\"\nunits = [\"99\"]\n";
    CHECK(warned(pilot, "\"99\" is no unit of 12 digits") == "");
    CHECK(warned(std::string("[lists]\nunits = \"units.csv\"\n") + pilot, "\"99\" is not in [lists] units") == "");
    CHECK(warned("[intake]\nfolder = \"absent\"\n", "is not there: nothing is taken from it") == "");
    auto fine = load_text(folder, smallest + "[lists]\nunits = \"units.csv\"\n[survey]\nmode = \"pilot\"\nunits = [\"320102430000\"]\n[intake]\nfolder = \".\"\n");
    REQUIRE(fine);
    CHECK(fine->warnings.size() == 1);  // there is no map of categories
}

TEST_CASE("finished files stay for a while, and the key that was before says which one is now") {
    Folder folder;
    auto with = [&](const std::string& keys) {
        auto s = load_text(folder, smallest + "[intake]\nfolder = \"in\"\n" + keys);
        return s ? fmt::format("{}", s->intake.keep_done.count()) : s.error().text();
    };
    CHECK(with("") == "604800000");
    CHECK(with("keep_done = \"0s\"\ndone_suffix = \"\"\n") == "0");
    CHECK(with("keep_done = \"1h\"\ndone_suffix = \"\"\n").find("a finished file would be read again for ever") != std::string::npos);
    CHECK(with("done_folder = \"in/\"\n").find("done_folder is a folder that is read") != std::string::npos);
    CHECK(with("erase_done = true\n").find(":13: erase_done is now keep_done, how long finished files stay: expected keep_done = \"0s\"") != std::string::npos);
    CHECK(with("erase_done = false\n").find("expected keep_done = \"7d\"") != std::string::npos);
    CHECK(with("erase_done = false\n").find("no setting") == std::string::npos);
}

TEST_CASE("texts: control characters are refused, a file that no text is read from is warned of") {
    Folder folder;
    std::filesystem::create_directories(folder.path / "own");
    auto own = smallest.substr(0, smallest.find("[desk]")) + "templates_dir = \"own\"\n" + smallest.substr(smallest.find("[desk]"));
    folder.write("own/survay.txt", "…");
    auto s = load_text(folder, own);
    REQUIRE(s);
    REQUIRE(s->warnings.size() == 2);
    CHECK(s->warnings[1].find("own/survay.txt: no text of this name is sent; the names are canary,") != std::string::npos);
    folder.write("own/thanks.txt", "【{{sign}}】\n谢谢\x07\n");
    auto bell = load_text(folder, own);
    REQUIRE_FALSE(bell);
    CHECK(bell.error().text().find("own/thanks.txt:2: the control character U+0007") != std::string::npos);
}

TEST_CASE("a folder is no configuration, and a slip of the pen is answered with the names that there are") {
    Folder folder;
    auto none = load(folder.path, read_adapter);
    REQUIRE_FALSE(none);
    CHECK(none.error().text().find("is a folder; expected the file pingjing.toml") != std::string::npos);
    auto with = [&](const char* provider) {
        auto text = smallest;
        text.replace(text.find("\"simulated\""), 11, provider);
        auto s = load_text(folder, text);
        return s ? std::string() : s.error().text();
    };
    CHECK(with("\"aliyum\"").find("provider = \"aliyum\": not one of http") != std::string::npos);
}

TEST_CASE("a second opinion is a program by its whole path, one that cannot be run is warned of") {
    Folder folder;
    auto with = [&](const std::string& reader) { return load_text(folder, smallest + "[reader]\n" + reader + "\n"); };
    CHECK(load_text(folder, smallest)->reader.assist.empty());
    auto good = with("assist = \"exec /bin/sh  -c true\"\nassist_timeout = \"2s\"");
    REQUIRE(good);
    CHECK(good->reader.assist == std::vector<std::string>{"/bin/sh", "-c", "true"});
    CHECK(good->reader.assist_timeout == Millis(2000));
    CHECK(good->warnings.size() == 1);  // there is no map of categories
    for (auto wrong : {"exec", "exec opinion", "/bin/sh", "http://127.0.0.1/"}) {
        CAPTURE(wrong);
        auto s = with(std::string("assist = \"") + wrong + "\"");
        REQUIRE_FALSE(s);
        CHECK(s.error().text().find("expected \"exec\" and the whole path of a program") != std::string::npos);
    }
    auto absent = with("assist = \"exec /nonexistent/opinion\"");
    REQUIRE(absent);
    REQUIRE(absent->warnings.size() == 2);
    CHECK(absent->warnings[1].find("is no program that can be run") != std::string::npos);
}

TEST_CASE("what would be dangerous is refused") {
    Folder folder;
    auto with = [&](std::string from, std::string to) {
        auto text = smallest;
        text.replace(text.find(from), from.size(), to);
        auto s = load_text(folder, text);
        return s ? std::string() : s.error().text();
    };
    CHECK(with("kind = \"webhook\"\n", "kind = \"log\"\n").find("wakes nobody") != std::string::npos);
    CHECK(with("kind = \"webhook\"\n", "kind = \"log\"\nunattended = true\n").empty());
    CHECK(with("[desk]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:9000/alarm\"\n", "").find("[desk] needs 'kind'") != std::string::npos);
    CHECK(with("\"keys\"", "\"state/keys\"").find("key_dir: expected a folder outside") != std::string::npos);
    CHECK(with("\"keys\"", "\"\"").find("key_dir = \"\": expected a folder") != std::string::npos);
    CHECK(with("\"state\"", "\"\"").find("state_dir = \"\": expected a folder") != std::string::npos);
    CHECK(with("sign = \"XX公安\"", "sign = \"【XX公安】\"").find("without brackets") != std::string::npos);
    for (const char* since : {"since = \"2026-13-01\"", "since = \"21.11.2026\"", "since = 2026"}) {
        CAPTURE(since);
        CHECK_FALSE(load_text(folder, smallest + "[survey]\n" + since + "\n"));
    }
    CHECK(load_text(folder, smallest + "[survey]\nsince = 2026-11-21\n")->survey.since == "2026-11-21");
    for (const char* listen : {"8110", "127.0.0.1", "unix:", "http://a:1", ":80", "127.0.0.1:81100", "999.1.1.1:99", "localhost:8110", "[::1:80", "::1:80", "127.0.0.1:"}) {
        CAPTURE(listen);
        CHECK_FALSE(load_text(folder, smallest + "[http]\nlisten = \"" + listen + "\"\n"));
    }
    auto beside = load_text(folder, smallest + "[http]\nlisten = \"unix:http.sock\"\n");
    REQUIRE(beside);
    CHECK(beside->http.listen == "unix:" + (folder.path / "http.sock").string());
    for (const char* listen : {"127.0.0.1:0", "[::1]:8110", "unix:/run/x", "0.0.0.0:65535"}) {
        CAPTURE(listen);
        CHECK(load_text(folder, smallest + "[http]\nlisten = \"" + listen + "\"\n"));
    }
    CHECK(with("key_dir", "test_clock = true\nkey_dir").empty());
    CHECK(with("provider = \"simulated\"", "provider = \"simulated\"\nproduction = true").empty());
    folder.write("both.toml", "");
    auto both = smallest;
    both.replace(both.find("key_dir"), 7, "test_clock = true\nkey_dir");
    CHECK_FALSE(load_text(folder, both + "production = true\n"));
    CHECK_FALSE(load(folder.path / "absent.toml", read_adapter));
}

TEST_CASE("a hook secret comes from the file, its beside, or later from init") {
    Folder folder;
    auto channel = smallest.substr(0, smallest.find("[[channel]]")) + "[http]\npublic_url = \"https://pj.example.cn/\"\n[[channel]]\nname = \"main\"\nprovider = \"simulated\"\n";
    auto none = load_text(folder, channel + "hook_secret_file = \"main.hook\"\n");
    REQUIRE(none);
    CHECK(none->channels[0].hook_url.empty());
    CHECK(none->channels[0].hook_secret_file == folder.path / "main.hook");
    folder.write("main.hook", "0123456789abcdef0123456789abcdef\n");
    auto made = load_text(folder, channel + "hook_secret_file = \"main.hook\"\n");
    REQUIRE(made);
    CHECK(made->channels[0].hook_url == "https://pj.example.cn/v1/hooks/main/0123456789abcdef0123456789abcdef");
    CHECK_FALSE(load_text(folder, channel + "hook_secret = \"short\"\n"));
}

TEST_CASE("the rules have a name of their own, and secrets do not change it") {
    Folder folder;
    folder.write("flags.csv", "flag,rule\n家暴,dv\n");
    auto text = smallest + "hook_secret = \"0123456789abcdef-1\"\n[lists]\nflags = \"flags.csv\"\n";
    auto first = load_text(folder, text)->rules_sha256;
    CHECK(load_text(folder, "# a remark\n" + text)->rules_sha256 == first);
    CHECK(load_text(folder, text)->open_text.find("0123456789abcdef") == std::string::npos);
    auto other_secret = text;
    other_secret.replace(other_secret.find("-1\""), 2, "-2");
    CHECK(load_text(folder, other_secret)->rules_sha256 == first);
    CHECK(load_text(folder, text + "[survey]\ndelay = \"121m\"\n")->rules_sha256 != first);
    folder.write("flags.csv", "flag,rule\n家暴,sexual\n");
    CHECK(load_text(folder, text)->rules_sha256 != first);
}

TEST_CASE("by which ids a vendor knows our texts is part of the rules: named by their hash, and a line each") {
    Folder folder;
    auto text = smallest + "[[channel]]\nname = \"ali\"\nprovider = \"aliyun\"\naccess_key_id = \"id\"\naccess_key_secret = \"s3cret-of-ali\"\ntemplate_ids = \"ids.toml\"\n";
    CHECK_FALSE(load_text(folder, text));
    folder.write("ids.toml", "[[aliyun]]\ntext = \"survey\"\nid = \"SMS_1\"\n");
    auto first = load_text(folder, text);
    REQUIRE_MESSAGE(first.has_value(), (first ? "" : first.error().text()));
    auto lines = open_lines(*first);
    CHECK(std::find(lines.begin(), lines.end(), "list template_ids of ali: id = \"SMS_1\"") != lines.end());
    CHECK(first->open_text.find("s3cret-of-ali") == std::string::npos);
    folder.write("ids.toml", "[[aliyun]]\ntext = \"survey\"\nid = \"SMS_2\"\n");
    auto second = load_text(folder, text);
    REQUIRE(second);
    CHECK(second->rules_sha256 != first->rules_sha256);
    CHECK(second->channels[1].adapter_digest != first->channels[1].adapter_digest);
    CHECK(second->channels[0].adapter_digest == first->channels[0].adapter_digest);
    // Where nothing reads it, the key is a mistake as any other.
    auto plain = load_text(folder, smallest + "template_ids = \"ids.toml\"\n");
    REQUIRE_FALSE(plain);
    CHECK(plain.error().text().find("channel 'main' has no setting 'template_ids'") != std::string::npos);
}

TEST_CASE("for people the configuration is lines, each with its section, and a text is one of them, a list one a row, a secret none") {
    Folder folder;
    folder.write("officers.csv", "badge,name,unit\n012345,王杰,320102430000\n");
    auto s = load_text(folder, smallest + "tps = 7\nhook_secret = \"0123456789abcdef-1\"\n[lists]\nofficers = \"officers.csv\"\n[desk.escalate]\nkind = \"exec\"\ncommand = [\"/bin/true\"]\n"
                                          "[[survey.service]]\nname = \"window\"\nsources = [\"户政\"]\ntext = \"survey\"\n");
    REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error().text()));
    auto lines = open_lines(*s);
    auto has = [&](const std::string& line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); };
    CHECK(has("[[channel]] main tps = 7"));
    CHECK(has("[desk.escalate] kind = 'exec'"));
    CHECK(has("[[survey.service]] window text = 'survey'"));
    CHECK(has("list officers: 012345,王杰,320102430000"));
    CHECK(has("list staff_phones: 0 numbers"));
    for (const auto& line : lines) {
        CAPTURE(line);
        CHECK(line.find('\n') == line.npos);
        CHECK(line.find("0123456789abcdef") == line.npos);
    }
    CHECK(key_of_line("[[channel]] main tps = 7") == "[[channel]] main tps");
    CHECK(key_of_line("list officers: 012345,王 = 杰") == "list officers");
    CHECK(key_of_line("text survey = 【a】b = c") == "text survey");
}

TEST_CASE("what an adapter was given has a digest, the contents of its secret files with it") {
    Folder folder;
    folder.write("pw", "first\n");
    auto digest = [&](const std::string& more) {
        auto s = load_text(folder, smallest + "[[channel]]\nname = \"link\"\nprovider = \"smpp\"\nhost = \"127.0.0.1\"\nport = 2775\nsystem_id = \"pj\"\npassword_file = \"pw\"\nsource = \"106\"\n" + more);
        REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error().text()));
        return s->channels.at(1).adapter_digest;
    };
    auto first = digest("");
    CHECK(digest("# a remark\n") == first);
    CHECK(digest("tps = 7\nhours = \"10:00-20:00\"\nhook_secret = \"0123456789abcdef\"\n") == first);  // in force at once, or compared for itself
    CHECK(digest("links = 2\n") != first);
    CHECK(digest("[channel.statuses]\n0x0401 = \"retry\"\n") != first);
    folder.write("pw", "second\n");
    CHECK(digest("") != first);
    folder.write("pw", "first\n");
    CHECK(digest("") == first);
}

TEST_CASE("two channels do not listen at one address, and hours in which no survey goes are said") {
    Folder folder;
    auto listens = [&](const std::string& first, const std::string& second, const std::string& http = "127.0.0.1:8110") {
        auto text = smallest + "[http]\nlisten = \"" + http + "\"\n";
        for (const auto& [name, listen] : {std::pair{"a", first}, {"b", second}})
            text += fmt::format("[[channel]]\nname = \"{}\"\nprovider = \"sgip\"\nhost = \"127.0.0.1\"\nnode = 3010012345\nlogin_name = \"sp\"\npassword = \"pw\"\nlisten = \"{}\"\npeers = [\"127.0.0.1\"]\n"
                                "corporation = \"12345\"\nsource = \"10655001\"\n", name, listen);
        auto s = load_text(folder, text);
        return s ? std::string() : s.error().text();
    };
    CHECK(listens("127.0.0.1:8801", "127.0.0.1:8802").empty());
    CHECK(listens("127.0.0.1:8801", "127.0.0.2:8801").empty());
    CHECK(listens("127.0.0.1:8801", "127.0.0.1:8801").find("channel 'a' listens there") != std::string::npos);
    CHECK(listens("0.0.0.0:8801", "127.0.0.1:8801").find("channel 'a' listens there") != std::string::npos);
    CHECK(listens("127.0.0.1:8801", "127.0.0.1:8802", "0.0.0.0:8802").find("[http] listens there") != std::string::npos);
    auto warned = [&](const std::string& hours) {
        auto s = load_text(folder, smallest + "hours = \"" + hours + "\"\n");
        REQUIRE(s);
        return std::count_if(s->warnings.begin(), s->warnings.end(), [](const std::string& w) { return w.find("no survey goes by it") != std::string::npos; });
    };
    CHECK(warned("21:00-23:00") == 1);
    CHECK(warned("00:00-08:00") == 1);
    CHECK(warned("20:00-23:00") == 0);
}

TEST_CASE("a route that is never reached, and a channel that is in none, are said") {
    Folder folder;
    auto warned = [&](const std::string& routes) {
        auto s = load_text(folder, smallest + "[[channel]]\nname = \"second\"\nprovider = \"simulated\"\n" + routes);
        REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error().text()));
        std::string out;
        for (const auto& w : s->warnings) out += w.find("never reached") != w.npos ? "never reached; " : w.find("channel 'second' is in no [[route]]") != w.npos ? "in none; " : "";
        return out;
    };
    const std::string all = "[[route]]\nchannels = [\"main\"]\n", rest = "[[route]]\nchannels = [\"main\", \"second\"]\n";
    CHECK(warned("") == "");
    CHECK(warned(rest) == "");
    CHECK(warned(all) == "in none; ");
    CHECK(warned(all + "[[route]]\nprefixes = [\"135\"]\nchannels = [\"second\"]\n") == "never reached; ");
    CHECK(warned("[[route]]\nprefixes = [\"13\"]\nchannels = [\"main\"]\n[[route]]\nprefixes = [\"135\"]\nchannels = [\"second\"]\n" + rest) == "never reached; ");
    CHECK(warned("[[route]]\nprefixes = [\"135\"]\nchannels = [\"main\"]\n[[route]]\nprefixes = [\"135\", \"136\"]\nchannels = [\"second\"]\n" + rest) == "");
}

// The lines of the channel of that provider, without what makes them comments.
std::string uncommented(std::istream& in, const std::string& provider) {
    std::string block;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("# [[channel]]")) block.clear();
        if (line.starts_with("# ")) block += line.substr(2) + "\n";
        // What every link has stands with the first of them only.
        if (line.starts_with("# provider = \"" + provider + "\"")) block += "host = \"10.1.2.3\"\nsource = \"106900110\"\nextension_digits = 2\n";
        if (line.empty() && block.find("provider = \"" + provider + "\"") != block.npos) return block;
    }
    return {};
}

TEST_CASE("the channels that the example configuration shows beside its own can be taken as they stand") {
    for (const char* provider : {"cmpp2", "sgip", "smgp"}) {
        CAPTURE(provider);
        Folder folder;
        for (const char* secret : {"cmpp.password", "sgip.password", "sgip.listen.password", "smgp.password"}) folder.write(secret, "p\n");
        std::ifstream in(test::source_root / "systemd/pingjing.toml");
        auto block = uncommented(in, provider);
        REQUIRE_FALSE(block.empty());
        auto s = load_text(folder, smallest + block);
        REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error().text()));
        CHECK(s->channels.at(1).provider == provider);
    }
}

TEST_CASE("nothing goes back to the 110 system unless it is said where to, and cases only by choice") {
    Folder folder;
    auto plain = load_text(folder, smallest);
    REQUIRE(plain);
    CHECK(plain->writeback.to == Writeback::To::nobody);
    CHECK_FALSE(plain->writeback.by_case);
    auto file = load_text(folder, smallest + "[writeback]\nto = \"file\"\nfolder = \"inbox\"\n");
    REQUIRE(file);
    CHECK(file->writeback.folder == folder.path / "inbox");
    CHECK(file->warnings.size() == plain->warnings.size());
    auto cases = load_text(folder, smallest + "[writeback]\nto = \"http\"\nurl = \"http://10.1.2.3/ratings\"\nratings = \"case\"\nwords = true\n");
    REQUIRE(cases);
    CHECK(cases->writeback.by_case);
    CHECK(cases->warnings.size() == plain->warnings.size() + 1);
    for (const char* wrong : {"to = \"file\"\n", "to = \"http\"\n", "to = \"http\"\nurl = \"ftp://x\"\n", "words = true\n", "ratings = \"all\"\n", "to = \"fax\"\n"}) {
        CAPTURE(wrong);
        CHECK_FALSE(load_text(folder, smallest + "[writeback]\n" + wrong));
    }
}

TEST_CASE("nightly files are taken where it is said, to hosts that can prove who they are, by secrets that are ours alone") {
    Folder folder;
    auto secret = [&](const std::string& name, std::filesystem::perms mode) {
        folder.write(name, "s\n");
        std::filesystem::permissions(folder.path / name, mode);
    };
    using enum std::filesystem::perms;
    secret("ours", owner_read | owner_write), secret("group", owner_read | group_read), secret("everybody", owner_read | others_read), secret("hosts", owner_read | others_read);
    auto load_delivery = [&](const std::string& keys) { return load_text(folder, smallest + "[[reports.delivery]]\nname = \"a\"\n" + keys); };
    struct { const char* keys; const char* problem; } cases[] = {
        {"folder = \"/mnt/bureau\"", ""},
        {"to = \"folder\"", "expected folder"},
        {"folder = \"state/exports\"", "expected another than [reports] export_dir"},
        {"to = \"webdav\"\nurl = \"https://dav/x\"\nuser = \"pj\"\npassword_file = \"ours\"", ""},
        {"to = \"webdav\"\nurl = \"https://dav/x\"\nuser = \"pj\"\npassword_file = \"group\"", ""},
        {"to = \"webdav\"\nurl = \"https://dav/x\"\nuser = \"pj\"\npassword_file = \"everybody\"", "expected mode 0600"},
        {"to = \"http\"\nurl = \"https://pj:secret@web/x\"", "without a user"},
        {"to = \"http\"\nurl = \"ftp://web/x\"", "expected https://host/path"},
        {"to = \"http\"", "expected https://host/path"},
        {"to = \"http\"\nurl = \"https://web/x\"\nuser = \"pj\"\ntoken_file = \"ours\"", "expected one of them"},
        {"to = \"sftp\"\nurl = \"sftp://host:22/in\"\nuser = \"pj\"\nkey_file = \"ours\"\nknown_hosts = \"hosts\"", ""},
        {"to = \"sftp\"\nurl = \"sftp://host:22/in\"\nuser = \"pj\"\nkey_file = \"ours\"", "nothing is sent to a host that cannot prove who it is"},
        {"to = \"sftp\"\nurl = \"sftp://host:22/in\"\nuser = \"pj\"\nkey_file = \"everybody\"\nknown_hosts = \"hosts\"", "expected mode 0600"},
        {"to = \"sftp\"\nurl = \"sftp://host/in\"\nuser = \"pj\"\nknown_hosts = \"hosts\"", "expected key_file or password_file"},
        {"to = \"sftp\"\nurl = \"https://host/in\"\nuser = \"pj\"\nkey_file = \"ours\"\nknown_hosts = \"hosts\"", "expected sftp://host/path"},
        {"to = \"fax\"", "fax"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.keys);
        auto loaded = load_delivery(c.keys);
        CHECK(loaded.has_value() == (*c.problem == 0));
        if (!loaded) CHECK_MESSAGE(loaded.error().text().find(c.problem) != std::string::npos, loaded.error().text());
    }
    CHECK_FALSE(load_delivery("folder = \"/x\"\n[[reports.delivery]]\nname = \"a\"\nfolder = \"/y\""));
    auto clear = load_delivery("to = \"http\"\nurl = \"http://10.1.2.3/x\"");
    REQUIRE(clear);
    CHECK(clear->warnings.back().find("in the clear") != std::string::npos);
    CHECK_FALSE(clear->reports.deliveries.at(0).inspection);
}

TEST_CASE("what is published lies neither among what is not, nor around it") {
    Folder folder;
    for (const char* wrong : {"state", "state/exports/public", ".", "keys"}) {
        CAPTURE(wrong);
        CHECK_FALSE(load_text(folder, smallest + "[reports]\npublic_dir = \"" + wrong + "\"\n"));
    }
    auto apart = load_text(folder, smallest + "[reports]\npublic_dir = \"/srv/pingjing/public\"\n");
    REQUIRE(apart);
    CHECK(apart->reports.public_least_n == 100);
    CHECK_FALSE(load_text(folder, smallest + "[reports]\npublic_dir = \"/srv/public\"\npublic_least_n = 30\n"));
    CHECK_FALSE(load_text(folder, smallest + "[reports]\npublic_dir = \"/srv/public\"\n[[reports.delivery]]\nname = \"a\"\nfolder = \"/srv/public/nights\"\n"));
}

TEST_CASE("the example configuration is right as it lies") {
    Folder folder;
    folder.write("kannel.password", test::read_source("systemd/kannel.password"));
    std::filesystem::create_directory(folder.path / "keys");
    folder.write("keys/kannel.hook", "0123456789abcdef0123456789abcdef\n");
    std::ifstream in(test::source_root / "systemd/pingjing.toml");
    auto s = load_text(folder, std::string(std::istreambuf_iterator<char>(in), {}));
    REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error().text()));
    CHECK(s->channels[0].hook_url.starts_with("https://pj.example.cn/v1/hooks/kannel/"));

    // What it shows as defaults are the defaults.
    auto plain = load_text(folder, smallest);
    REQUIRE(plain);
    CHECK(s->survey.delay == plain->survey.delay);
    CHECK(s->survey.late_window == plain->survey.late_window);
    CHECK(s->channels[0].tps == plain->channels[0].tps);
    CHECK(s->channels[0].submit_timeout == plain->channels[0].submit_timeout);
    CHECK(s->reports.most_unconfirmed == plain->reports.most_unconfirmed);
    CHECK(s->followup.rectify_days == plain->followup.rectify_days);
    CHECK(s->reports.exact_alarm == plain->reports.exact_alarm);
    CHECK(s->assessment.repeats == plain->assessment.repeats);
    CHECK(s->signals.quick == plain->signals.quick);
    CHECK(s->signals.open_after == plain->signals.open_after);
}
