#include "actors/registry/session_directory.hpp"

#include "actors/store/store_timeout.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace nekod {

namespace {

/// A session answers as soon as it gets its loop; one that does not is ended by force.
constexpr std::chrono::seconds session_timeout{10};

session_finding finding_of(const session_info* info) {
  session_finding result;
  result.found = info != nullptr;
  if (info != nullptr)
    result.info = *info;
  return result;
}

} // namespace

session_directory::session_directory(private_registry_actor::pointer self, store_actor store,
                                     live_sessions& live)
    : self_(self), store_(std::move(store)), live_(live) {}

// -- to look -------------------------------------------------------------------------------------

caf::result<session_page> session_directory::list(session_query query) {
  auto promise = self_->make_response_promise<session_page>();
  auto live = live_.list(query);
  const auto limit = query.limit;
  self_->request(store_, store_timeout, atom::list_v, std::move(query))
      .then(
          [promise, live, limit](session_page& records) mutable {
            promise.deliver(merge(std::move(records), std::move(live), limit));
          },
          [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
  return promise;
}

caf::result<session_finding> session_directory::show(const std::string& id,
                                                     const session_view& view) {
  auto promise = self_->make_response_promise<session_finding>();
  find(id, view, [promise](caf::expected<session_finding> found) mutable {
    if (found)
      promise.deliver(std::move(*found));
    else
      promise.deliver(std::move(found.error()));
  });
  return promise;
}

session_finding session_directory::show(const conversation_query& query) const {
  return finding_of(live_.with_conversation(query));
}

/// Finds a session of that id in that view, in memory or in the store.
void session_directory::find(const std::string& id, const session_view& view,
                             const finding_handler& then) {
  session_view own;
  own.tenant = view.tenant;
  if (const auto* info = live_.show(id, own))
    return then(finding_of(info));
  self_->request(store_, store_timeout, atom::show_v, id, view)
      .then(
          [this, id, view, then](session_finding& stored) {
            const auto* session = live_.find(session_key{stored.info});
            if (!stored.found || (session != nullptr && session->leaving))
              then(finding_of(live_.show(id, view)));
            else if (session != nullptr)
              then(finding_of(&session->info));
            else
              then(std::move(stored));
          },
          [then](caf::error& e) { then(std::move(e)); });
}

// -- to delete -----------------------------------------------------------------------------------

caf::result<bool> session_directory::remove(const std::string& id, const session_view& view) {
  auto promise = self_->make_response_promise<bool>();
  auto begin = [this, promise](const session_key& session) {
    go_on(std::make_shared<job>(job{deletion{session}, promise, {}}));
  };
  const session_key own{view.tenant, id};
  if (!view.all || live_.has(own)) {
    begin(own);
    return promise;
  }
  find(id, view, [begin, promise](caf::expected<session_finding> found) mutable {
    if (!found)
      promise.deliver(found.error());
    else if (!found->found)
      promise.deliver(false);
    else
      begin(session_key{found->info});
  });
  return promise;
}

caf::result<std::uint64_t> session_directory::clear(const session_filter& filter) {
  auto promise = self_->make_response_promise<std::uint64_t>();
  go_on(std::make_shared<job>(job{deletion{filter}, promise, {}}));
  return promise;
}

void session_directory::gone(const session_token& token) {
  const auto key = live_.of_token(token);
  if (!key)
    return;
  const auto handle = live_.find(*key)->handle;
  live_.start_deletion(*key);
  self_->request(handle, session_timeout, atom::discard_v)
      .then([this, key](atom::discard) { live_.forget(*key); },
            [this, key, handle](const caf::error&) {
              self_->send_exit(handle, caf::exit_reason::kill);
              live_.forget(*key);
            });
  self_->send(store_, atom::release_v, token);
}

/// Carries out the next step of a deletion.
void session_directory::go_on(const job_ptr& j) {
  auto step = j->what.next(live_);
  if (auto* ends = std::get_if<ends_sessions>(&step)) {
    for (const auto& session : ends->sessions)
      end(session, j);
  } else if (auto* removes = std::get_if<removes_record>(&step)) {
    self_->request(store_, store_timeout, atom::remove_v, removes->session)
        .then(
            [this, j](bool recorded) {
              j->what.removed(recorded ? 1 : 0);
              go_on(j);
            },
            [this, j](caf::error& e) { fail(std::move(e), j); });
  } else if (auto* clears = std::get_if<clears_records>(&step)) {
    self_->request(store_, clear_timeout, atom::clear_v, std::move(clears->records))
        .then(
            [this, j](std::uint64_t records) {
              j->what.removed(records);
              go_on(j);
            },
            [this, j](caf::error& e) { fail(std::move(e), j); });
  } else {
    answer(std::get<deletion_over>(step), *j);
  }
}

/// Ends a session in memory, then removes its record. Once its actor has answered, the store has
/// received everything that it ever wrote.
void session_directory::end(const session_key& session, const job_ptr& j) {
  const auto handle = live_.find(session)->handle;
  self_->request(handle, session_timeout, atom::discard_v)
      .then([this, session, j](atom::discard) { remove_record(session, j); },
            [this, session, handle, j](const caf::error&) {
              self_->send_exit(handle, caf::exit_reason::kill);
              remove_record(session, j);
            });
}

void session_directory::remove_record(const session_key& session, const job_ptr& j) {
  if (!deletion::removes(session, live_))
    return gone(session, removed_record::none, j);
  self_->request(store_, store_timeout, atom::remove_v, session)
      .then(
          [this, session, j](bool recorded) {
            gone(session, recorded ? removed_record::one : removed_record::none, j);
          },
          [this, session, j](caf::error& e) {
            spdlog::error("session {} ended, but its record could not be removed", session.id);
            j->fault = std::move(e);
            j->what.fail();
            gone(session, removed_record::none, j);
          });
}

void session_directory::gone(const session_key& session, removed_record record, const job_ptr& j) {
  if (j->what.gone(session, record, live_))
    go_on(j);
}

void session_directory::fail(caf::error fault, const job_ptr& j) {
  j->fault = std::move(fault);
  j->what.fail();
  go_on(j);
}

void session_directory::answer(const deletion_over& over, job& j) {
  auto deliver = [&]<class T>(caf::typed_response_promise<T>& client) {
    if (over.failed)
      client.deliver(std::move(j.fault));
    else
      client.deliver(static_cast<T>(over.deleted));
  };
  std::visit(deliver, j.client);
}

} // namespace nekod
