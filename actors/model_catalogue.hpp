#pragma once

#include "actors/messages.hpp"

#include <string>
#include <vector>

namespace nekod {

/// The models as the registry knows them.
class model_catalogue {
public:
  model_catalogue() = default;
  model_catalogue(const upstream_service& upstream, model_aliases aliases);

  /// Takes the upstream's names; none means that they cannot be had, and that its default serves
  /// alone.
  void update(const upstream_service& upstream, std::vector<std::string> names);

  /// Takes other aliases.
  void use(const upstream_service& upstream, model_aliases aliases);

  /// The model for a name that a client wrote: a public id, an upstream name, an alias; the default
  /// for an empty or unknown one. Its name is empty where there is no model at all.
  /// @param takes_any Whether the upstream knows more models than it lists: then an unknown name is
  ///                  taken as its own.
  model_choice choose(const std::string& name, bool takes_any = false) const;

  /// The models, then the aliases.
  const model_list& list() const noexcept { return list_; }

private:
  const openai::model_info* find(const std::string& name) const;

  model_aliases aliases_;
  std::string default_name_;
  model_list list_;
};

} // namespace nekod
