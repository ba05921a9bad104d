#pragma once

#include "protocol/openai/model_position.hpp"
#include "protocol/text/json_member_finder.hpp"
#include "protocol/text/multipart_field_finder.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace nekod::openai {

/// Finds the `model` of a request to an OpenAI endpoint in a body that arrives in pieces, JSON or
/// `multipart/form-data`, without interpreting the rest.
class model_finder {
public:
  /// @param content_type The request's. Anything that is not a form is read as JSON.
  /// @param content_coding The request's Content-Encoding: an encoded body cannot be searched.
  model_finder(std::string_view content_type, std::string_view content_coding);

  /// Continues the search.
  /// @param so_far The body from its beginning: that of the last call, and what has arrived since.
  model_search look(std::string_view so_far);

  /// The position of the name. Only after `found`.
  const model_position& position() const;

  /// *name* as it has to be written at that position.
  std::string written(std::string_view name) const;

private:
  std::variant<std::monostate, json::member_finder, multipart::field_finder> form_;
};

} // namespace nekod::openai
