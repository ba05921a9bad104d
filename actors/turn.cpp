#include "actors/turn.hpp"

#include <utility>

namespace nekod {

std::string_view name_of(session_match m) noexcept {
  switch (m) {
  case session_match::explicit_id:
  case session_match::predecessor:
    return "explicit";
  case session_match::repeated:
    return "repeated";
  case session_match::transcript:
    return "transcript";
  case session_match::fresh:
    return "new";
  case session_match::seeded:
    return "seeded";
  }
  return "new";
}

turn_head head_of(const turn& t, std::string session_id) {
  turn_head result;
  result.session_id = std::move(session_id);
  result.match = t.match;
  if (t.model.upstream)
    result.upstream = t.model.upstream->name();
  result.model = t.model.id;
  result.fallback = t.model.fallback;
  result.abilities = t.abilities;
  return result;
}

} // namespace nekod
