#pragma once

#include <functional>
#include <string>
#include <vector>

/// What nekod does most, as pieces of work that can be timed and counted alone.
namespace nekod::micro {

/// Does a piece of work once. The work is the same each time.
using step = std::function<void()>;

/// A piece of work by its name.
struct subject {
  std::string name;
  /// Makes all that the work needs.
  std::function<step()> begin;
};

/// Bytes to values and back: no actors.
std::vector<subject> codec_subjects();

/// Conversations, their digests and their registry: on actors that run in this thread, in front of
/// a service without sockets.
std::vector<subject> conversation_subjects();

/// Has the compiler make *value* though nobody looks at it.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

} // namespace nekod::micro
