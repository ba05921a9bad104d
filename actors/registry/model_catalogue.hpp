#pragma once

#include "actors/registry/model_choice.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace nekod {

/// An upstream, and the models that go there even if other upstreams have them.
struct routed_upstream {
  routed_upstream(std::shared_ptr<upstream_service> s, std::vector<std::string> m = {})
      : service(std::move(s)), models(std::move(m)) {}

  std::shared_ptr<upstream_service> service;
  /// Names, or prefixes of names before a `*`.
  std::vector<std::string> models;
};

/// The models as the registry knows them: which upstream has which. Pure.
class model_catalogue {
public:
  model_catalogue() = default;

  /// @param upstreams At least one. The first is the default.
  model_catalogue(std::vector<routed_upstream> upstreams, model_aliases aliases);

  /// Replaces the models of the upstream with that index.
  /// @returns whether their names have changed.
  bool update(std::size_t index, std::vector<chat::listed_model> models);

  /// Records that the models of the upstream with that index are not available: its last list is
  /// kept, or its default model is used.
  /// @returns whether there is no last list.
  bool miss(std::size_t index);

  /// Replaces the aliases.
  void use(model_aliases aliases);

  /// The model for a name that a client wrote: an alias, a public id, an upstream name, either of
  /// the latter also as `upstream/name`; the default for an empty or unknown name. An upstream that
  /// speaks the OpenAI API also takes names that it does not list. The choice has no upstream if
  /// there is no model at all.
  /// @returns nothing while that depends on a list that is not known yet.
  std::optional<model_choice> choose(const std::string& name) const;

  /// The upstream for a request that passes through: of those that speak the OpenAI API the one
  /// that has the model *name*, else the first. `upstream_name` is the name to send there; empty if
  /// the request's stays as it is. The choice has no upstream if none speaks the OpenAI API.
  /// @returns nothing while that depends on a list that is not known yet.
  std::optional<model_choice> choose_passed(std::string_view name) const;

  /// The models of all upstreams, then the aliases. If two have the same name, the later one's is
  /// `upstream/name`.
  const model_list& list() const noexcept { return list_; }

private:
  struct known_upstream {
    explicit known_upstream(routed_upstream r) : route(std::move(r)) {}

    routed_upstream route;
    /// Whether it has answered, with a list or an error.
    bool is_known = false;
    std::vector<std::string> names;
    /// The further members of each name's object in its list.
    std::vector<std::shared_ptr<const std::string>> members;
    std::vector<chat::model_info> models;
  };

  void make_list();
  const known_upstream* routed(std::string_view name) const;
  std::optional<model_choice> at(const known_upstream& u, std::string_view name) const;
  template <class Test>
  std::optional<model_choice> listed(Test is_it) const;
  std::optional<model_choice> behind_name(std::string_view name) const;
  std::optional<model_choice> find(std::string_view name) const;
  template <class Test>
  std::optional<model_choice> listed_to_pass(Test is_it) const;
  std::optional<model_choice> default_of(const known_upstream& u) const;

  std::vector<known_upstream> upstreams_;
  model_aliases aliases_;
  model_list list_;
  /// The ids in it.
  std::unordered_set<std::string> listed_;
};

} // namespace nekod
