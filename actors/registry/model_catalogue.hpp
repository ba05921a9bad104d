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

/// An upstream, and the models that are asked for there whoever else has them.
struct routed_upstream {
  routed_upstream(std::shared_ptr<upstream_service> s, std::vector<std::string> m = {})
      : service(std::move(s)), models(std::move(m)) {}

  std::shared_ptr<upstream_service> service;
  /// Names, or beginnings of names before a `*`.
  std::vector<std::string> models;
};

/// The models as the registry knows them: which upstream has which.
class model_catalogue {
public:
  model_catalogue() = default;

  /// @param upstreams At least one. The first serves where no other is asked for.
  model_catalogue(std::vector<routed_upstream> upstreams, model_aliases aliases);

  /// Takes an upstream's models, by its place.
  /// @returns whether their names differ from those before.
  bool update(std::size_t place, std::vector<openai::listed_model> models);

  /// The models cannot be had: the last ones stay, or its default serves alone.
  /// @returns whether there are none.
  bool miss(std::size_t place);

  /// Takes other aliases.
  void use(model_aliases aliases);

  /// The model for a name that a client wrote: an alias, a public id, an upstream name, also behind
  /// an upstream's name and `/`; the default for an empty or unknown one. An upstream that speaks
  /// as our clients do is asked for names it does not list, too. No upstream is in it where there
  /// is no model at all.
  /// @returns nothing while that depends on a list that is not known yet.
  std::optional<model_choice> choose(const std::string& name) const;

  /// The upstream for a request that passes as it is, of those that speak as our clients do: the
  /// one that has the model *name*, else the first. The name is as that upstream has to be told it;
  /// empty where it is to stay as it is. No upstream is in it where none speaks so.
  /// @returns nothing while that depends on a list that is not known yet.
  std::optional<model_choice> choose_passed(std::string_view name) const;

  /// The models of all upstreams, then the aliases. Where two have the same name, the later one's
  /// has its upstream's before it.
  const model_list& list() const noexcept { return list_; }

private:
  struct known_upstream {
    explicit known_upstream(routed_upstream r) : route(std::move(r)) {}

    routed_upstream route;
    /// Whether an answer came yet, good or bad.
    bool is_known = false;
    std::vector<std::string> names;
    /// For each name.
    std::vector<std::shared_ptr<const std::string>> members;
    std::vector<openai::model_info> models;
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
