// What an SP says and hears on one CMPP connection. Pure.
#pragma once
#include <memory>

#include "providers/cmpp/settings.hpp"
#include "providers/link/dialect.hpp"

namespace pingjing::cmpp {

class Sp final : public link::Dialect {
public:
    explicit Sp(std::shared_ptr<const Settings> settings) : settings_(std::move(settings)) {}

    link::FrameLimits frame_limits() const override { return {12, 4096}; }
    std::string open(std::uint32_t number, Instant now) override;
    std::string keep_alive(std::uint32_t number) override;
    std::string close(std::uint32_t number) override;
    std::string numbered(std::string frame, std::uint32_t number) override;
    link::Heard hear(std::string_view frame, link::State state, Instant now) override;

private:
    std::string say(std::uint32_t command, std::uint32_t sequence, Body body = Empty{}) const;
    link::Heard hear_connect_answer(const Decoded& pdu) const;
    link::Heard hear_submit_answer(const Decoded& pdu) const;
    link::Heard hear_delivery(const Decoded& pdu) const;

    std::shared_ptr<const Settings> settings_;
    std::string authenticator_;  // of our login
};

}  // namespace pingjing::cmpp
