#include "bench/load/make_dialogue.hpp"

#include "bench/load/anuneko_dialogue.hpp"
#include "bench/load/openai_dialogue.hpp"

#include <utility>

namespace nekod::load {

std::unique_ptr<dialogue> make_dialogue(const options& o, const post_writer& w, std::string name) {
  if (o.speaks == language::anuneko)
    return std::make_unique<anuneko_dialogue>(o, w, std::move(name));
  return std::make_unique<openai_dialogue>(o, w, std::move(name));
}

} // namespace nekod::load
