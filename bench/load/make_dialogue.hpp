#pragma once

#include "bench/load/dialogue.hpp"
#include "bench/load/options.hpp"
#include "bench/load/post_writer.hpp"

#include <memory>
#include <string>

namespace nekod::load {

/// Begins a dialogue in the protocol that *o* names. *o* and *w* must outlive it.
/// @param name Unique in this and other runs; made of characters that need no escape in JSON.
std::unique_ptr<dialogue> make_dialogue(const options& o, const post_writer& w, std::string name);

} // namespace nekod::load
