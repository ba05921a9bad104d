#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// `GET /v1/models`: OpenAI's model objects; those of AnuNeko's models with the manual's extra
/// fields.
namespace nekod::openai {

/// A model as clients see it.
struct model_info {
  model_info() = default;

  /// What clients write in `model`.
  std::string id;
  /// The name upstream, such as `Orange Cat`.
  std::string upstream_name;
  /// Whose it is: the upstream's kind.
  std::string owner = "anuneko";
  /// Its place in the upstream's list, from 0.
  std::uint32_t upstream_index = 0;
  /// The upstream's own members, as `listed_model` has them; null for none.
  std::shared_ptr<const std::string> members;
};

/// Bytes of a model's name: it is repeated in each chunk.
inline constexpr std::size_t longest_model_name = 256;

/// Whether an upstream's name for a model can go on to clients, in a header field, too, and into a
/// log: short, and without control characters.
bool is_model_name(std::string_view name) noexcept;

/// One model object: the upstream's members, with our `id` and `object`, and what clients count on
/// where the upstream has it not: `created`, `owned_by`, `permission`, `root`, `parent`.
/// @param created Seconds since the epoch, for models whose upstream does not say.
std::string model_json(const model_info& m, std::int64_t created);

/// The list. Where there are models of AnuNeko's, `anuneko_api_response` carries the names as the
/// upstream told them.
std::string model_list_json(const std::vector<model_info>& models, std::int64_t created,
                            const std::vector<std::string>& upstream_names);

} // namespace nekod::openai
