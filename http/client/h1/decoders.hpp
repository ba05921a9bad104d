#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace nekod::http {

/// Decodes one content coding.
class content_decoder {
public:
  /// Gets decoded bytes; returns whether to go on.
  using out = std::function<bool(std::string_view)>;

  virtual ~content_decoder() = default;

  /// @returns whether all bytes were valid and *f* wanted to go on.
  virtual bool decode(std::string_view bytes, const out& f) = 0;
};

/// The decoder of a content coding, by its name in lower case; null for one that is unknown.
/// @throws std::bad_alloc
std::unique_ptr<content_decoder> make_decoder(std::string_view coding);

} // namespace nekod::http
