#pragma once

#include "actors/store/session_claim.hpp"

#include <string>
#include <utility>

/// Single questions to a store's records, be they in memory or in a file: each takes what it needs
/// and releases it at once.
namespace nekod::test {

inline const session_token some_token{"test", 1};

/// A record, if there is one.
struct looked_up {
  bool found = false;
  session_record record;
};

template <class Records>
looked_up look_up(Records&& records, session_wanted wanted) {
  wanted.token = some_token;
  auto taken = records.take(wanted);
  records.release(some_token);
  return {taken.version != 0, std::move(taken.record).value_or(session_record{})};
}

template <class Records>
looked_up load(Records&& records, const session_key& key) {
  session_wanted wanted;
  wanted.tenant = key.tenant;
  wanted.id = key.id;
  return look_up(records, std::move(wanted));
}

template <class Records>
looked_up find(Records&& records, const session_tip& tip) {
  session_wanted wanted;
  wanted.tenant = tip.tenant;
  wanted.tip = tip;
  return look_up(records, std::move(wanted));
}

template <class Records>
looked_up answered(Records&& records, const std::string& tenant, const std::string& identity,
                   earlier_answer answer = earlier_answer::wanted) {
  session_wanted wanted;
  wanted.tenant = tenant;
  wanted.identity = identity;
  wanted.answer = answer;
  return look_up(records, std::move(wanted));
}

/// Commits a record on top of the version that there is.
template <class Records>
commit_outcome commit(Records&& records, const session_record& record, message_changes changes) {
  session_wanted wanted;
  wanted.token = some_token;
  wanted.tenant = record.info.tenant;
  wanted.id = record.info.id;
  session_commit c;
  c.token = some_token;
  c.version = records.take(wanted).version;
  c.record = record;
  c.messages = std::move(changes);
  const auto outcome = records.commit(c);
  records.release(some_token);
  return outcome;
}

/// Commits a record with all its messages.
template <class Records>
commit_outcome keep(Records&& records, const session_record& record) {
  return commit(records, record, {0, record.transcript});
}

} // namespace nekod::test
