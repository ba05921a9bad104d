#pragma once

#include <functional>
#include <string>
#include <vector>

/// nekod's hot paths, as pieces of work that can be timed and counted separately.
namespace nekod::micro {

/// Does a piece of work once. The work is the same each time.
using step = std::function<void()>;

/// A piece of work with its name.
struct subject {
  std::string name;
  /// Prepares the work.
  std::function<step()> begin;
};

/// Codecs, without actors.
std::vector<subject> codec_subjects();

/// Conversations, their digests and their registry: with actors that run in this thread, and a
/// service without sockets.
std::vector<subject> conversation_subjects();

/// Makes the compiler compute *value* although nothing uses it.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

} // namespace nekod::micro
