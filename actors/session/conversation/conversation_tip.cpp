#include "actors/session/conversation/conversation_tip.hpp"

#include <utility>

namespace nekod {

conversation_tip::conversation_tip(state s, std::string digest)
    : state_(s), digest_(std::move(digest)) {}

conversation_tip conversation_tip::of(std::string digest) {
  const auto s = digest.empty() ? state::beginning : state::known;
  return {s, std::move(digest)};
}

conversation_tip conversation_tip::unrecognisable() { return {state::unrecognisable, {}}; }

conversation_tip conversation_tip::stored(std::string digest) {
  return digest.empty() ? unrecognisable() : of(std::move(digest));
}

bool conversation_tip::is_told_by(std::string_view digest) const noexcept {
  return is_recognisable() && digest_ == digest;
}

conversation_tip conversation_tip::after(const chat::message& m,
                                         const conversation_digest& digest) const {
  return is_recognisable() ? of(digest.extend(digest_, m)) : *this;
}

} // namespace nekod
