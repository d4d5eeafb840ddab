// Everything public that writes into the store, one row each (more where it has arrows of its own), done in a furnished office.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tests/faults/office.hpp"

namespace pingjing::test {

struct Operation {
    std::string name;  // begins with that of the function; a word more tells its arrows apart
    std::function<asio::awaitable<void>(Office&)> act;
    // Tells the sent journal of a claim: where that fails the claim stands, its caller is told so and settles it as never sent.
    bool announces = false;
};
const std::vector<Operation>& operations();
const std::function<asio::awaitable<void>(Office&)>& operation(const std::string& name);

// What takes a connection and only reads, or is a part of the store's own machinery that every row of the table goes through.
const std::vector<std::string>& readers();

}  // namespace pingjing::test
