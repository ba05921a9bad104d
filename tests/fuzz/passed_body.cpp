#include "protocol/openai/model_finder.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/splits.hpp"
#include "tests/fuzz/targets.hpp"

#include <cstddef>
#include <string>
#include <tuple>

namespace nekod::fuzz {
namespace {

/// The result, the position, and the name.
using finding = std::tuple<model_search, std::size_t, std::size_t, std::string>;

/// Searches a body in the pieces of *cut*; a body that begins with a hyphen is a form.
template <class Cut>
finding find(std::string_view input, Cut cut) {
  const auto is_form = !input.empty() && input.front() == '-';
  openai::model_finder finder{is_form ? "multipart/form-data; boundary=b" : "application/json", ""};
  auto state = model_search::looking;
  std::string so_far;
  cut([&](std::string_view piece) {
    so_far += piece;
    state = finder.look(so_far);
  });
  if (state != model_search::found)
    return {state, 0, 0, {}};
  const auto& at = finder.position();
  check(at.begin <= at.end && at.end <= input.size(), "a name stands within its body");
  if (!is_form)
    check(at.end >= at.begin + 2 && input[at.begin] == '"' && input[at.end - 1] == '"',
          "a name in JSON is a string");
  return {state, at.begin, at.end, at.name};
}

} // namespace

void passed_body(std::string_view input) {
  check(same_however_cut(input, [&](auto cut) { return find(input, cut); }),
        "the cuts of a body change nothing");
}

} // namespace nekod::fuzz
