#pragma once

#include "protocol/openai/model_place.hpp"
#include "protocol/text/json_member_finder.hpp"
#include "protocol/text/multipart_field_finder.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace nekod::openai {

/// Finds the `model` of a request to an OpenAI endpoint in a body that arrives in pieces: in JSON,
/// or in `multipart/form-data`. Nothing else of the body is understood.
class model_finder {
public:
  /// @param content_type The request's. What is no form is looked at as JSON, whatever it is
  /// called.
  /// @param content_coding The request's Content-Encoding: what is coded cannot be searched.
  model_finder(std::string_view content_type, std::string_view content_coding);

  /// Looks on.
  /// @param so_far The body from its beginning; it begins with what the last call was given.
  model_search look(std::string_view so_far);

  /// Where the name is. Only after `found`.
  const model_place& place() const;

  /// *name* as the body has to write it in that place.
  std::string written(std::string_view name) const;

private:
  std::variant<std::monostate, json::member_finder, multipart::field_finder> form_;
};

} // namespace nekod::openai
