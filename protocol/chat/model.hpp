#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// Models, as their upstreams list them and as clients see them.
namespace nekod::chat {

/// A model as its upstream lists it.
struct listed_model {
  listed_model() = default;
  listed_model(std::string n, std::string m = {}) : name(std::move(n)), members(std::move(m)) {}

  bool operator==(const listed_model&) const = default;

  std::string name;
  /// Its members except `id` and `object`, as JSON without braces: `"created":1,"owned_by":"x"`.
  std::string members;
};

/// A model as clients see it.
struct model_info {
  model_info() = default;

  /// The value of `model` in requests.
  std::string id;
  /// The upstream's name, such as `Orange Cat`.
  std::string upstream_name;
  /// The value of `owned_by`: the upstream's kind.
  std::string owner = "anuneko";
  /// Its position in the upstream's list, from 0.
  std::uint32_t upstream_index = 0;
  /// The upstream's own members, as in `listed_model`; null for none.
  std::shared_ptr<const std::string> members;
};

/// The most bytes of a model's name, which is repeated in each chunk.
inline constexpr std::size_t longest_model_name = 256;

/// Whether an upstream's name for a model is suitable for clients, header fields and logs: short,
/// and without control characters.
bool is_model_name(std::string_view name) noexcept;

} // namespace nekod::chat
