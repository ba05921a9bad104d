#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// `GET /v1/models`: OpenAI's model objects; AnuNeko's models also have the manual's extra fields.
namespace nekod::openai {

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

/// One model object: the upstream's members, with our `id` and `object`, and with defaults for what
/// clients rely on: `created`, `owned_by`, `permission`, `root`, `parent`.
/// @param created Seconds since the epoch, for models whose upstream does not say.
std::string model_json(const model_info& m, std::int64_t created);

/// The list. If there are AnuNeko models, `anuneko_api_response` has their names as the upstream
/// sent them.
std::string model_list_json(const std::vector<model_info>& models, std::int64_t created,
                            const std::vector<std::string>& upstream_names);

} // namespace nekod::openai
