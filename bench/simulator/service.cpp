#include "bench/simulator/service.hpp"

#include "bench/simulator/answers.hpp"
#include "bench/simulator/api.hpp"
#include "bench/simulator/openai_api.hpp"
#include "bench/simulator/state.hpp"
#include "bench/simulator/steering.hpp"
#include "http/server/listen/server.hpp"
#include "http/server/listen/tls.hpp"

#include <asio.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace nekod::sim {

namespace {

/// @throws std::runtime_error if there is a file at fault.
http::tls_context tls_of(const options& o) {
  if (o.certificate.empty())
    return nullptr;
  auto loaded = http::load_tls(o.certificate, o.key);
  if (!loaded)
    throw std::runtime_error{loaded.error()};
  return *loaded;
}

http::server_options listening(const options& o) {
  http::server_options s;
  s.host = o.host;
  s.port = o.port;
  s.tls = tls_of(o);
  // More than a gateway accepts, since text escaped in JSON can be several times as long.
  s.max_body = 64u << 20;
  s.max_connections = 16'000;
  s.read_timeout = std::chrono::seconds{60};
  s.write_timeout = std::chrono::seconds{60};
  s.answer_timeout = std::chrono::minutes{30};
  return s;
}

void answer(const state_ptr& s, const http::exchange_ptr& x) {
  const auto& path = x->req().path;
  if (path.starts_with(steering_prefix))
    answer_steering_call(*s, *x);
  else if (path.starts_with(api_prefix))
    answer_api_call(s, x);
  else if (path.starts_with(openai_prefix))
    answer_openai_call(s, x);
  else
    answer_not_found(*x);
}

} // namespace

class service::impl {
public:
  impl(asio::io_context& loop, const options& o)
      : host_(o.host),
        state_(std::make_shared<state>(loop, o)),
        server_({&loop}, listening(o), [weak = std::weak_ptr{state_}](const http::exchange_ptr& x) {
          if (auto s = weak.lock())
            answer(s, x);
        }) {}

  http::server& server() noexcept { return server_; }
  const http::server& server() const noexcept { return server_; }
  const std::string& host() const noexcept { return host_; }

private:
  std::string host_;
  state_ptr state_;
  http::server server_;
};

service::service(asio::io_context& loop, const options& o)
    : impl_(std::make_unique<impl>(loop, o)) {}

service::~service() = default;

std::uint16_t service::port() const noexcept { return impl_->server().port(); }

std::string service::base_url() const {
  const auto is_v6 = impl_->host().find(':') != std::string::npos;
  const auto host = is_v6 ? '[' + impl_->host() + ']' : impl_->host();
  return "http://" + host + ':' + std::to_string(port()) + std::string{api_prefix};
}

void service::stop() { impl_->server().stop_accepting(); }

} // namespace nekod::sim
