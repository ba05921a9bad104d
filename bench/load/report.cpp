#include "bench/load/report.hpp"

#include "protocol/text/json_strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace nekod::load {
namespace {

double milliseconds(std::chrono::nanoseconds t) { return static_cast<double>(t.count()) / 1e6; }

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

double rate(std::uint64_t n, const outcome& o) { return ratio(static_cast<double>(n), o.seconds); }

/// Processor time per piece of a stream, or per answer, in microseconds.
double cost(double cpu, const outcome& o) {
  const auto work = std::max(o.seen.pieces, o.seen.answers);
  return ratio(cpu * 1e6, static_cast<double>(work));
}

std::array<std::pair<const char*, summary>, 3> times_of(const tally& seen) {
  return {{{"first_token", seen.first_token.summarise()},
           {"between_tokens", seen.between_tokens.summarise()},
           {"total", seen.total.summarise()}}};
}

std::string as_json(std::string_view text) {
  std::string out;
  json::append_quoted(out, text);
  return out;
}

// -- for people ----------------------------------------------------------------------------------

std::string headline(const options& plan, const outcome& o) {
  const auto loop = plan.rate > 0 ? fmt::format("{} requests a second", plan.rate)
                                  : fmt::format("{} clients", plan.clients);
  return fmt::format("{}  {}  {}  {:.1f} s counted\n", plan.url,
                     plan.stream ? "streams" : "whole answers", loop, o.seconds);
}

void append_times(std::string& out, const tally& seen) {
  fmt::format_to(std::back_inserter(out), "{:<15}{:>11}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n",
                 "milliseconds", "count", "mean", "p50", "p90", "p99", "p99.9", "max");
  for (const auto& [name, s] : times_of(seen))
    if (s.count > 0)
      fmt::format_to(std::back_inserter(out),
                     "{:<15}{:>11}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}\n", name,
                     s.count, milliseconds(s.mean), milliseconds(s.p50), milliseconds(s.p90),
                     milliseconds(s.p99), milliseconds(s.p999), milliseconds(s.most));
}

void append_cpu(std::string& out, const char* whose, double cpu, const options& plan,
                const outcome& o) {
  fmt::format_to(std::back_inserter(out), "{} processor time {:.2f} s, {:.2f} us {}\n", whose, cpu,
                 cost(cpu, o), plan.stream ? "a piece" : "an answer");
}

// -- for programs --------------------------------------------------------------------------------

std::string json_of(const summary& s) {
  return fmt::format(
      R"({{"count":{},"mean":{:.6f},"min":{:.6f},"p50":{:.6f},"p90":{:.6f},"p99":{:.6f},"p99.9":{:.6f},"max":{:.6f}}})",
      s.count, milliseconds(s.mean), milliseconds(s.least), milliseconds(s.p50),
      milliseconds(s.p90), milliseconds(s.p99), milliseconds(s.p999), milliseconds(s.most));
}

std::string plan_json(const options& plan) {
  return fmt::format(
      R"({{"url":{},"loop":"{}","clients":{},"rate":{},"threads":{},"stream":{},"turns":{},"continue":"{}"}})",
      as_json(plan.url), plan.rate > 0 ? "open" : "closed", plan.clients, plan.rate, plan.threads,
      plan.stream, plan.turns, plan.by == continuation::session ? "session" : "history");
}

std::string faults_json(const tally& seen) {
  std::string out;
  for (const auto& [what, times] : seen.faults)
    fmt::format_to(std::back_inserter(out), R"({}{{"kind":"{}","detail":{},"count":{}}})",
                   out.empty() ? "" : ",", name_of(what.kind), as_json(what.detail), times);
  return "[" + out + "]";
}

std::string matches_json(const tally& seen) {
  std::string out;
  for (const auto& [rule, times] : seen.session_matches)
    fmt::format_to(std::back_inserter(out), "{}{}:{}", out.empty() ? "" : ",", as_json(rule),
                   times);
  return "{" + out + "}";
}

std::string times_json(const tally& seen) {
  std::string out;
  for (const auto& [name, s] : times_of(seen))
    fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", out.empty() ? "" : ",", name,
                   json_of(s));
  return "{" + out + "}";
}

} // namespace

std::string as_table(const options& plan, const outcome& o) {
  const auto& seen = o.seen;
  auto out = headline(plan, o);
  auto to = std::back_inserter(out);
  fmt::format_to(to, "answers        {:>11}{:>12.1f} /s\n", seen.answers, rate(seen.answers, o));
  if (plan.stream)
    fmt::format_to(to, "pieces of text {:>11}{:>12.1f} /s\n", seen.pieces, rate(seen.pieces, o));
  fmt::format_to(to, "body bytes     {:>11}{:>12.1f} /s\n", seen.bytes, rate(seen.bytes, o));
  append_times(out, seen);
  fmt::format_to(to, "connections {}, requests {}, cut at the end {}\n", seen.connections,
                 seen.started, seen.cut);
  for (const auto& [rule, times] : seen.session_matches)
    fmt::format_to(to, "session {}: {}\n", rule, times);
  append_cpu(out, "own", o.own_cpu, plan, o);
  if (o.watched_cpu)
    append_cpu(out, "watched", *o.watched_cpu, plan, o);
  fmt::format_to(to, "errors {}\n", seen.fault_count());
  for (const auto& [what, times] : seen.faults)
    fmt::format_to(to, "  {:>8}  {}: {}\n", times, name_of(what.kind), what.detail);
  return out;
}

std::string as_json(const options& plan, const outcome& o) {
  const auto& seen = o.seen;
  return fmt::format(
      R"({{"plan":{},"seconds":{:.3f},"answers":{},"answers_per_second":{:.2f},"pieces":{},)"
      R"("pieces_per_second":{:.2f},"bytes":{},"started":{},"connections":{},"cut":{},"errors":{},)"
      R"("faults":{},"session_matches":{},"milliseconds":{},"own_cpu_seconds":{:.4f},"watched_cpu_seconds":{}}})"
      "\n",
      plan_json(plan), o.seconds, seen.answers, rate(seen.answers, o), seen.pieces,
      rate(seen.pieces, o), seen.bytes, seen.started, seen.connections, seen.cut,
      seen.fault_count(), faults_json(seen), matches_json(seen), times_json(seen), o.own_cpu,
      o.watched_cpu ? fmt::format("{:.4f}", *o.watched_cpu) : "null");
}

} // namespace nekod::load
