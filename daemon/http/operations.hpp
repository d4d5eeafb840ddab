// Every route of the daemon, described: who may come in, what it takes, what it answers. The router takes a guarded route's scopes from
// here and no route that is not here; GET /openapi.json is made of the same rows. Names in `query`, `takes` and `answers` are those of
// templates/openapi/components.json.
#pragma once
#include <string_view>
#include <vector>

namespace pingjing::http {

enum class Door {
    open,     // everybody
    secret,   // whoever knows the secret in the path
    anybody,  // a token or a session, whatever it may
    scopes,   // a token or a session with one of `scopes`
    near,     // the same, and without one from the machine itself
    control,  // the control socket, where peers are checked; to the network there is nothing here
};

struct Operation {
    std::string_view method{}, pattern{};
    Door door = Door::open;
    std::string_view scopes{};      // "inspect,desk": one of them is enough
    std::string_view id{}, says{};  // a name for programs, a sentence for people
    std::string_view query{};       // "from to kind:review_kind": parameters, and headers of the page; behind a colon how it is described there
    std::string_view takes{};       // a body; empty: none
    std::string_view answers{};     // 200
    std::string_view refuses{};     // "400 404": problems beside those of its door; "503=NotReady": an answer of its own
    std::string_view raw_scopes{};  // with raw=1 or cases=1 one of these instead
};

const std::vector<Operation>& operations();
std::vector<std::string_view> parameters_of(const Operation& operation);  // as they stand in the address
// Throws std::logic_error: a route that is not described cannot be added.
const Operation& operation(std::string_view method, std::string_view pattern);

}  // namespace pingjing::http
