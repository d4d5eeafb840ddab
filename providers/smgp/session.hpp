// What an SP says and hears on one SMGP connection. Pure.
#pragma once
#include <memory>

#include "providers/link/dialect.hpp"
#include "providers/smgp/settings.hpp"

namespace pingjing::smgp {

class Sp final : public link::Dialect {
public:
    Sp(std::shared_ptr<const Settings> settings, Mode mode) : settings_(std::move(settings)), mode_(mode) {}

    link::FrameLimits frame_limits() const override { return {12, 4096}; }
    bool sends() const override { return mode_ != Mode::receive; }
    bool receives() const override { return mode_ != Mode::send; }
    std::string open(std::uint32_t number, Instant now) override;
    std::string keep_alive(std::uint32_t number) override;
    std::string close(std::uint32_t number) override;
    std::string numbered(std::string frame, std::uint32_t number) override;
    link::Heard hear(std::string_view frame, link::State state, Instant now) override;

private:
    std::string say(std::uint32_t command, std::uint32_t sequence, Body body = Empty{}) const;
    link::Heard hear_login_answer(const Decoded& pdu) const;
    link::Heard hear_submit_answer(const Decoded& pdu) const;
    link::Heard hear_delivery(const Decoded& pdu) const;

    std::shared_ptr<const Settings> settings_;
    Mode mode_;
    std::string authenticator_;  // of our login
};

}  // namespace pingjing::smgp
