#include "http/server/watch/scrape.hpp"

#include "http/server/watch/figures_json.hpp"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

namespace nekod::http {

namespace {

/// The field of /proc/self/stat with that number, as in proc(5); from 3 on.
double stat_field(int number) {
  std::ifstream file{"/proc/self/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  // The program's name precedes it and may contain anything.
  std::istringstream rest{text.substr(std::min(text.rfind(')') + 1, text.size()))};
  std::string word;
  for (int i = 3; i <= number; ++i)
    rest >> word;
  return std::strtod(word.c_str(), nullptr);
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_files() {
  std::error_code ec;
  double result = 0;
  for (std::filesystem::directory_iterator i{"/proc/self/fd", ec}, end; !ec && i != end;
       i.increment(ec))
    ++result;
  return result - 1; // One descriptor is for looking.
}

double most_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

double seconds_since_epoch() {
  return in_seconds(std::chrono::system_clock::now().time_since_epoch());
}

prometheus::MetricFamily family_of(const std::string& name, const std::string& help,
                                   prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  return {name, help, type, {std::move(metric)}};
}

} // namespace

scrape::scrape(std::shared_ptr<metrics> counts, const std::string& version)
    : counts_(std::move(counts)) {
  prometheus::BuildGauge()
      .Name("nekod_build_info")
      .Help("Always 1; the version is a label")
      .Register(counts_->registry)
      .Add({{"version", version}})
      .Set(1);
  watch_process();
}

void scrape::watch(std::string name, std::string help, std::function<double()> look) {
  watched_.push_back(
      {std::move(name), std::move(help), prometheus::MetricType::Gauge, std::move(look)});
}

void scrape::watch_process() {
  auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  watched_.push_back({"process_cpu_seconds_total", "Processor time used",
                      prometheus::MetricType::Counter, &processor_seconds});
  watch("process_resident_memory_bytes", "Resident memory",
        [page] { return stat_field(24) * page; });
  watch("process_virtual_memory_bytes", "Virtual memory", [] { return stat_field(23); });
  watch("process_open_fds", "Open file descriptors", &open_files);
  watch("process_max_fds", "File descriptors that may be open", &most_files);
  watch("process_threads", "Threads", [] { return stat_field(20); });
  auto started = seconds_since_epoch();
  watch("process_start_time_seconds", "Start of the process, since the epoch",
        [started] { return started; });
}

std::vector<prometheus::MetricFamily> scrape::collect() const {
  auto families = counts_->registry.Collect();
  for (const auto& w : watched_)
    families.push_back(family_of(w.name, w.help, w.type, w.look()));
  return families;
}

std::string scrape::text() const { return prometheus::TextSerializer{}.Serialize(collect()); }

std::string scrape::json() const { return figures_json(collect()); }

} // namespace nekod::http
