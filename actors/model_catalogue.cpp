#include "actors/model_catalogue.hpp"

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

/// Bytes of a model's name that we do not know; it is repeated in each chunk.
constexpr std::size_t longest_foreign_name = 256;

} // namespace

model_catalogue::model_catalogue(const upstream_service& upstream, model_aliases aliases)
    : aliases_(std::move(aliases)), default_name_(upstream.default_model()) {
  update(upstream, {});
}

void model_catalogue::update(const upstream_service& upstream, std::vector<std::string> names) {
  if (names.empty() && !default_name_.empty())
    names.push_back(default_name_);
  list_ = model_list{};
  for (const auto& name : names) {
    openai::model_info info;
    info.id = upstream.public_model_id(name);
    info.upstream_name = name;
    info.owner = upstream.kind();
    info.upstream_index = static_cast<std::uint32_t>(list_.models.size());
    list_.models.push_back(std::move(info));
  }
  list_.upstream_names = std::move(names);
  for (const auto& [alias, target] : aliases_.entries) {
    if (const auto* found = find(target)) {
      auto info = *found;
      info.id = alias;
      list_.models.push_back(std::move(info));
    }
  }
}

void model_catalogue::use(const upstream_service& upstream, model_aliases aliases) {
  aliases_ = std::move(aliases);
  update(upstream, std::exchange(list_.upstream_names, {}));
}

const openai::model_info* model_catalogue::find(const std::string& name) const {
  auto i = std::find_if(list_.models.begin(), list_.models.end(),
                        [&](const auto& m) { return m.id == name || m.upstream_name == name; });
  return i == list_.models.end() ? nullptr : &*i;
}

model_choice model_catalogue::choose(const std::string& name, bool takes_any) const {
  const auto* found = name.empty() ? nullptr : find(name);
  model_choice result;
  if (found == nullptr && takes_any && !name.empty() && name.size() <= longest_foreign_name) {
    result.upstream_name = result.id = name;
    return result;
  }
  result.fallback = found == nullptr && !name.empty();
  if (found == nullptr)
    found = find(default_name_);
  if (found == nullptr && !list_.models.empty())
    found = &list_.models.front();
  if (found == nullptr)
    return result;
  result.upstream_name = found->upstream_name;
  result.id = found->id;
  return result;
}

} // namespace nekod
