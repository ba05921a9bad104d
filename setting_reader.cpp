#include "setting_reader.hpp"

#include "config_sources.hpp"
#include "protocol/json_strings.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <functional>
#include <iomanip>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

namespace nekod {

namespace {

/// Digits as people write them.
std::string plain_number(double number) {
  std::ostringstream out;
  out << std::setprecision(15) << number;
  return out.str();
}

/// Why *text* is no good as a number in that range; what is no number, such as nan, is in none.
std::string range_problem(const std::string& text, double least, double most) {
  double number = 0;
  auto good = CLI::detail::lexical_cast(text, number) && number >= least && number <= most;
  return good ? std::string{} : "must be from " + plain_number(least) + " to " + plain_number(most);
}

bool is_number(const std::string& text) {
  double number = 0;
  return CLI::detail::lexical_cast(text, number);
}

/// A value as TOML writes it.
std::string toml_value(const std::string& text) {
  if (is_number(text) || text == "true" || text == "false")
    return text;
  std::string out;
  json::append_quoted(out, text);
  return out;
}

/// TOML with one value for each setting but lists: CLI11 would pass over all but the last one. What
/// stands in tables of a family of their own goes elsewhere.
class strict_toml : public CLI::ConfigBase {
public:
  strict_toml(std::string family, std::shared_ptr<std::vector<table_entry>> tables,
              std::function<bool(const std::string&)> is_list)
      : family_(std::move(family)), tables_(std::move(tables)), is_list_(std::move(is_list)) {
    comment('\0'); // There are none left.
  }

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::istringstream plain{plain_toml(std::string{std::istreambuf_iterator{input}, {}})};
    auto found = CLI::ConfigBase::from_config(plain);
    std::erase_if(found, [this](const CLI::ConfigItem& item) { return take_table(item); });
    std::set<std::string> seen;
    for (const auto& item : found) {
      auto name = item.fullname();
      auto one = item.inputs.size() == 1 && seen.insert(name).second;
      if (!one && !is_list_(name) && name != "++" && name != "--")
        throw CLI::ConfigError{"--" + name + " takes one value", CLI::ExitCodes::ConfigError};
    }
    return found;
  }

private:
  bool take_table(const CLI::ConfigItem& item) const {
    if (item.parents.empty() || item.parents.front() != family_)
      return false;
    if (item.name != "++" && item.name != "--") // A table's beginning and end.
      tables_->push_back({item.parents, item.name, item.inputs});
    return true;
  }

  std::string family_;
  std::shared_ptr<std::vector<table_entry>> tables_;
  std::function<bool(const std::string&)> is_list_;
};

} // namespace

setting_reader::setting_reader(const std::string& description, const std::string& name,
                               const std::string& tables)
    : app_(description, name) {
  app_.set_config("--config", "", "TOML file with any of these settings  [NEKOD_CONFIG]");
  app_.get_config_ptr()->envname("NEKOD_CONFIG");
  app_.allow_config_extras(CLI::config_extras_mode::error);
  app_.config_formatter(
      std::make_shared<strict_toml>(tables, tables_, [this](const std::string& key) {
        return std::any_of(sources_.begin(), sources_.end(), [&](const source& s) {
          return s.form == shape::list && s.flag == "--" + key;
        });
      }));
}

// -- to announce settings ------------------------------------------------------------------------

std::string setting_reader::names_of(const std::vector<std::string>& variables) {
  std::string text;
  for (const auto& name : variables)
    text.append(text.empty() ? "  [" : ", ").append(name);
  return text + "]";
}

void setting_reader::announce(const std::string& flag, const std::vector<std::string>& variables,
                              shape form) {
  sources_.push_back({flag, variables, form, false});
}

CLI::Option* setting_reader::add_secret(const std::string& flag, std::string& target,
                                        const std::string& help,
                                        const std::vector<std::string>& variables) {
  auto* option = add(flag, target, help, variables);
  sources_.back().form = shape::secret;
  return option->check([](const std::string& text) {
    return has_control_characters(text) ? "has a line end or another control character in it"
                                        : std::string{};
  });
}

CLI::Option* setting_reader::add_list(const std::string& flag, std::vector<std::string>& target,
                                      const std::string& help,
                                      const std::vector<std::string>& variables) {
  announce(flag, variables, shape::list);
  return app_.add_option(flag, target, help + names_of(variables))->delimiter(',');
}

void setting_reader::add_switch(const std::string& name, bool& target, const std::string& help,
                                const std::vector<std::string>& variables) {
  announce("--" + name, variables, shape::on_or_off);
  app_.add_flag("--" + name + ",!--no-" + name, target, help + names_of(variables));
}

void setting_reader::add_port(const std::string& flag, std::optional<std::uint16_t>& target,
                              const std::string& help, const std::vector<std::string>& variables) {
  announce(flag, variables, shape::unset);
  app_.add_option(flag, target, help + names_of(variables))->take_last();
}

void setting_reader::add_time(const std::string& flag, settings::seconds& target,
                              const std::string& help, const std::vector<std::string>& variables,
                              double least) {
  times_.push_back({target.count(), &target});
  add(flag, times_.back().value, help + ", in seconds", variables)
      ->default_str(plain_number(target.count()))
      ->check([least](const std::string& text) { return range_problem(text, least, 1e8); });
}

std::function<std::string(const std::string&)> setting_reader::within(double least, double most) {
  return [=](const std::string& text) { return range_problem(text, least, most); };
}

void setting_reader::can_change(std::size_t last) {
  std::for_each(sources_.end() - static_cast<std::ptrdiff_t>(last), sources_.end(),
                [](source& s) { s.can_change = true; });
}

// -- to read them --------------------------------------------------------------------------------

std::optional<exit_request> setting_reader::read(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i)
    if (std::string_view flag{argv[i]}; flag.starts_with("--") && flag.find('=') == flag.size() - 1)
      // CLI11 would take the next argument for its value.
      return exit_request{2,
                          "nekod: " + std::string{flag, 0, flag.size() - 1} + " wants a value\n"};
  try {
    auto arguments = with_environment({argv + 1, argv + argc});
    std::reverse(arguments.begin(), arguments.end()); // As CLI11 wants a vector.
    app_.parse(arguments);
  } catch (const CLI::Success& e) {
    std::ostringstream out;
    app_.exit(e, out, out);
    return exit_request{0, out.str()};
  } catch (const CLI::ConfigError& e) {
    return exit_request{2, std::string{"nekod: the file of --config: "} + e.what() + "\n"};
  } catch (const CLI::Error& e) {
    return exit_request{2, "nekod: " + with_source(e.what()) + "\n"};
  }
  for (const auto& t : times_)
    *t.target = settings::seconds{t.value};
  return std::nullopt;
}

/// The arguments, with those added whose flags are missing and whose variables are set.
std::vector<std::string> setting_reader::with_environment(std::vector<std::string> arguments) {
  const environment found;
  auto given = [&](const std::string& flag) {
    return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& a) {
      return a == flag || a.compare(0, flag.size() + 1, flag + "=") == 0;
    });
  };
  std::vector<std::string> added;
  for (const auto& s : sources_) {
    auto value =
        found.find(s.variables, s.form == shape::secret ? s.flag.substr(2) : std::string{});
    if (!value || given(s.flag))
      continue;
    added.push_back(s.flag + "=" + value->value);
    found_in_[s.flag] = value->source;
  }
  arguments.insert(arguments.begin(), added.begin(), added.end());
  return arguments;
}

/// CLI11's words on a wrong value, with where it came from if that is no flag.
std::string setting_reader::with_source(const std::string& text) const {
  for (const auto& [flag, where] : found_in_) {
    auto at = text.find(flag);
    auto end = at + flag.size();
    if (at != std::string::npos && (end == text.size() || text[end] == ':' || text[end] == ' '))
      return std::string{text}.append(" (from ").append(where).append(")");
  }
  return text;
}

// -- to show them --------------------------------------------------------------------------------

std::vector<shown_setting> setting_reader::shown() const {
  std::vector<shown_setting> result;
  for (const auto& s : sources_)
    result.push_back({s.flag.substr(2), shown_value(s), s.can_change});
  return result;
}

std::string setting_reader::shown_value(const source& s) const {
  const auto* option = app_.get_option(s.flag);
  auto values = option->count() > 0 ? option->reduced_results() : CLI::results_t{};
  std::string list;
  switch (s.form) {
  case shape::secret:
    return values.empty() || values.front().empty() ? R"("")" : R"("***")";
  case shape::list:
    for (const auto& value : values)
      list.append(list.empty() ? "" : ", ").append(toml_value(value));
    return "[" + list + "]";
  case shape::on_or_off:
    return !values.empty() && CLI::detail::to_flag_value(values.front()) > 0 ? "true" : "false";
  case shape::unset:
    return values.empty() ? "" : values.front();
  default:
    return toml_value(values.empty() ? option->get_default_str() : values.front());
  }
}

} // namespace nekod
