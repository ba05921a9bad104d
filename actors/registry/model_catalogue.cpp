#include "actors/registry/model_catalogue.hpp"

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

model_choice choice_of(const std::shared_ptr<upstream_service>& upstream, std::string_view name,
                       std::string id) {
  model_choice result;
  result.upstream = upstream;
  result.upstream_name = name;
  result.id = std::move(id);
  return result;
}

/// How many bytes of *name* the pattern spells out, if it matches. A whole name counts for more
/// than any prefix.
std::optional<std::size_t> matched(std::string_view pattern, std::string_view name) {
  if (pattern == name)
    return name.size() + 1;
  if (pattern.empty() || pattern.back() != '*')
    return std::nullopt;
  pattern.remove_suffix(1);
  return name.substr(0, pattern.size()) == pattern ? std::optional{pattern.size()} : std::nullopt;
}

} // namespace

model_catalogue::model_catalogue(std::vector<routed_upstream> upstreams, model_aliases aliases)
    : aliases_(std::move(aliases)) {
  for (auto& u : upstreams)
    upstreams_.emplace_back(std::move(u));
  make_list();
}

bool model_catalogue::update(std::size_t index, std::vector<chat::listed_model> models) {
  auto& u = upstreams_[index];
  u.is_known = true;
  const auto before = std::exchange(u.names, {});
  u.members.clear();
  for (auto& m : models) {
    u.names.push_back(std::move(m.name));
    u.members.push_back(
        m.members.empty() ? nullptr : std::make_shared<const std::string>(std::move(m.members)));
  }
  make_list();
  return u.names != before;
}

bool model_catalogue::miss(std::size_t index) {
  upstreams_[index].is_known = true;
  return upstreams_[index].names.empty();
}

void model_catalogue::use(model_aliases aliases) {
  aliases_ = std::move(aliases);
  make_list();
}

// -- the list ------------------------------------------------------------------------------------

void model_catalogue::make_list() {
  list_ = model_list{};
  listed_.clear();
  for (auto& u : upstreams_) {
    const auto& service = *u.route.service;
    auto names = u.names;
    if (names.empty() && !service.default_model().empty())
      names.push_back(service.default_model());
    u.models.clear();
    for (const auto& name : names) {
      chat::model_info info;
      info.id = service.public_model_id(name);
      if (!listed_.insert(info.id).second) {
        info.id = std::string{service.name()}.append("/").append(info.id);
        listed_.insert(info.id);
      }
      info.upstream_name = name;
      info.owner = service.kind();
      info.upstream_index = static_cast<std::uint32_t>(u.models.size());
      if (u.models.size() < u.members.size())
        info.members = u.members[u.models.size()];
      list_.models.push_back(info);
      u.models.push_back(std::move(info));
    }
    if (!service.abilities().speaks_openai)
      list_.upstream_names.insert(list_.upstream_names.end(), names.begin(), names.end());
  }
  const auto models = list_.models; // Aliases of aliases are not supported.
  for (const auto& [alias, target] : aliases_.entries) {
    auto found = std::find_if(models.begin(), models.end(), [&, &target = target](const auto& m) {
      return m.id == target || m.upstream_name == target;
    });
    if (found == models.end() || !listed_.insert(alias).second)
      continue;
    auto info = *found;
    info.id = alias;
    list_.models.push_back(std::move(info));
  }
}

// -- choosing ------------------------------------------------------------------------------------

std::optional<model_choice> model_catalogue::choose(const std::string& name) const {
  if (name.empty())
    return default_of(upstreams_.front());
  auto alias = std::find_if(aliases_.entries.begin(), aliases_.entries.end(),
                            [&](const auto& a) { return a.first == name; });
  if (alias != aliases_.entries.end()) {
    auto target = find(alias->second);
    if (target && !target->fallback)
      target->id = name;
    return target;
  }
  return find(name);
}

std::optional<model_choice> model_catalogue::choose_passed(std::string_view name) const {
  auto passes = [](const auto& u) { return u.route.service->abilities().speaks_openai; };
  auto first = std::find_if(upstreams_.begin(), upstreams_.end(), passes);
  if (first == upstreams_.end())
    return model_choice{};
  auto alias = std::find_if(aliases_.entries.begin(), aliases_.entries.end(),
                            [&](const auto& a) { return a.first == name; });
  const auto target = alias == aliases_.entries.end() ? name : std::string_view{alias->second};
  auto named = [&](auto found) {
    auto good = !name.empty() && found && found->upstream->abilities().speaks_openai;
    return good ? std::move(found) : std::nullopt;
  };
  if (const auto* u = routed(target))
    if (auto found = named(at(*u, target)))
      return found;
  if (auto found = named(listed_to_pass([&](const auto& m) { return m.id == target; })))
    return found;
  auto prefixed = named(behind_name(target));
  auto lone = std::count_if(upstreams_.begin(), upstreams_.end(), passes) == 1;
  auto waits = [&](const auto& u) { return passes(u) && !u.is_known; };
  if (!name.empty() && (!lone || prefixed) &&
      std::any_of(upstreams_.begin(), upstreams_.end(), waits))
    return std::nullopt;
  if (prefixed)
    return prefixed;
  if (auto found = named(listed_to_pass([&](const auto& m) { return m.upstream_name == target; })))
    return found;
  return choice_of(first->route.service, target, std::string{name});
}

/// The first model for which *is_it*, of the upstreams that speak the OpenAI API.
template <class Test>
std::optional<model_choice> model_catalogue::listed_to_pass(Test is_it) const {
  for (const auto& u : upstreams_) {
    if (!u.route.service->abilities().speaks_openai)
      continue;
    auto m = std::find_if(u.models.begin(), u.models.end(), is_it);
    if (m != u.models.end())
      return choice_of(u.route.service, m->upstream_name, m->id);
  }
  return std::nullopt;
}

/// The model of a name that is not an alias.
std::optional<model_choice> model_catalogue::find(std::string_view name) const {
  if (const auto* u = routed(name)) {
    if (auto found = at(*u, name))
      return found;
    if (!u->is_known)
      return std::nullopt;
  }
  if (auto found = listed([&](const auto& m) { return m.id == name; }))
    return found;
  if (auto found = behind_name(name))
    return found;
  if (auto found = listed([&](const auto& m) { return m.upstream_name == name; }))
    return found;
  const auto alone =
      upstreams_.size() == 1 && upstreams_.front().route.service->abilities().speaks_openai;
  if (!alone &&
      std::any_of(upstreams_.begin(), upstreams_.end(), [](const auto& u) { return !u.is_known; }))
    return std::nullopt;
  if (auto taken = at(upstreams_.front(), name))
    return taken;
  auto result = default_of(upstreams_.front());
  if (result)
    result->fallback = true;
  return result;
}

/// The first model for which *is_it*.
template <class Test>
std::optional<model_choice> model_catalogue::listed(Test is_it) const {
  for (const auto& u : upstreams_) {
    auto m = std::find_if(u.models.begin(), u.models.end(), is_it);
    if (m != u.models.end())
      return choice_of(u.route.service, m->upstream_name, m->id);
  }
  return std::nullopt;
}

/// The upstream with the longest pattern that matches *name*.
const model_catalogue::known_upstream* model_catalogue::routed(std::string_view name) const {
  const known_upstream* best = nullptr;
  std::size_t most = 0;
  for (const auto& u : upstreams_)
    for (const auto& pattern : u.route.models)
      if (auto length = matched(pattern, name); length && (best == nullptr || *length > most)) {
        best = &u;
        most = *length;
      }
  return best;
}

/// The model of that upstream called *name*, if it takes that name.
std::optional<model_choice> model_catalogue::at(const known_upstream& u,
                                                std::string_view name) const {
  const auto& service = *u.route.service;
  auto i = std::find_if(u.models.begin(), u.models.end(), [&](const auto& m) {
    return m.upstream_name == name || service.public_model_id(m.upstream_name) == name;
  });
  if (i != u.models.end())
    return choice_of(u.route.service, i->upstream_name, i->id);
  if (service.abilities().speaks_openai && chat::is_model_name(name))
    return choice_of(u.route.service, name, std::string{name});
  return std::nullopt;
}

/// The model of a name such as `local/qwen`, if `local` is an upstream.
std::optional<model_choice> model_catalogue::behind_name(std::string_view name) const {
  for (const auto& u : upstreams_) {
    const auto before = u.route.service->name();
    if (name.size() <= before.size() + 1 || name.substr(0, before.size()) != before ||
        name[before.size()] != '/')
      continue;
    auto found = at(u, name.substr(before.size() + 1));
    if (found)
      found->id = name;
    return found;
  }
  return std::nullopt;
}

std::optional<model_choice> model_catalogue::default_of(const known_upstream& u) const {
  const auto& service = u.route.service;
  if (service->abilities().speaks_openai && !service->default_model().empty())
    return at(u, service->default_model());
  if (!u.is_known)
    return std::nullopt;
  if (u.models.empty())
    return model_choice{};
  auto i = std::find_if(u.models.begin(), u.models.end(),
                        [&](const auto& m) { return m.upstream_name == service->default_model(); });
  const auto& model = i == u.models.end() ? u.models.front() : *i;
  return choice_of(service, model.upstream_name, model.id);
}

} // namespace nekod
