// What an ESME says and hears on one SMPP connection, state by state. Pure.
#pragma once
#include <memory>

#include "providers/link/dialect.hpp"
#include "providers/smpp/pdu.hpp"
#include "providers/smpp/settings.hpp"

namespace pingjing::smpp {

class Esme final : public link::Dialect {
public:
    // `bind`: bind_transceiver, bind_transmitter or bind_receiver.
    Esme(std::shared_ptr<const Settings> settings, std::uint32_t bind) : settings_(std::move(settings)), bind_(bind) {}

    link::FrameLimits frame_limits() const override { return {16, 65536 + 1024}; }
    bool sends() const override { return bind_ != bind_receiver; }
    bool receives() const override { return bind_ != bind_transmitter; }
    std::string open(std::uint32_t number, Instant now) override;
    std::string keep_alive(std::uint32_t number) override;
    std::string close(std::uint32_t number) override;
    std::string numbered(std::string frame, std::uint32_t number) override;
    link::Heard hear(std::string_view frame, link::State state, Instant now) override;
    std::string to_bad_length() override;

private:
    link::Heard hear_answer(const Decoded& pdu, link::State state) const;
    link::Heard hear_submit_answer(const Decoded& pdu) const;
    link::Heard hear_bind_answer(const Decoded& pdu) const;
    link::Heard hear_request(const Decoded& pdu, link::State state);
    link::Heard hear_delivery(const Decoded& pdu);

    std::shared_ptr<const Settings> settings_;
    std::uint32_t bind_;
    bool told_unmarked_ = false;
};

}  // namespace pingjing::smpp
