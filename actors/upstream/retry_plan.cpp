#include "actors/upstream/retry_plan.hpp"

#include <utility>

namespace nekod {

retry_plan::retry_plan(std::shared_ptr<upstream_service> s, std::vector<fallback> others,
                       retry_options o, metrics& m)
    : upstreams(std::move(others)),
      options(o),
      budget(o.budget),
      counts(m.upstream(std::string{s->name()})) {
  upstreams.insert(upstreams.begin(), fallback{std::move(s)});
}

} // namespace nekod
