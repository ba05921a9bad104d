#include "actors/turn.hpp"

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

} // namespace nekod
