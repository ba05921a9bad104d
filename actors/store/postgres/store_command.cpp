#include "actors/store/postgres/store_command.hpp"

#include "actors/runtime/process/start_error.hpp"
#include "actors/store/postgres/address.hpp"
#include "actors/store/postgres/schema.hpp"
#include "actors/store/store_error.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace nekod {

int run_store_command(int argc, const char* const* argv) {
  std::string address;
  CLI::App app{"The store of nekod", "nekod store"};
  app.require_subcommand(1);
  app.add_subcommand("migrate", "Bring the schema of a PostgreSQL database up to date")
      ->add_option("--store", address, "The database, as for nekod itself")
      ->required()
      ->envname("NEKOD_STORE")
      ->check([](const std::string& text) {
        return postgres::is_address(text) ? postgres::problem_of(text)
                                          : std::string{"must name a PostgreSQL database"};
      });
  try {
    app.parse(argc, argv);
    postgres::prepare(address, postgres::migration::allowed);
    std::cout << "the schema is up to date\n";
    return 0;
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const store_error& e) {
    std::cerr << "nekod store: " << e.what() << "\n";
    return e.may_pass() ? exit_code::passing : exit_code::setting;
  } catch (const std::exception& e) {
    std::cerr << "nekod store: " << e.what() << "\n";
    return exit_code::setting;
  }
}

} // namespace nekod
