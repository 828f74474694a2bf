#include "http_api.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <set>

#include "record_json.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxTarget = 2048;
constexpr std::size_t kMaxBody = 256U << 10U;
constexpr std::size_t kMaxToken = 128;

bool is_secret(const Field& field) { return field.type == FieldType::secret || field.type == FieldType::secret_bytes; }

/// What a JSON body may fill: the input without what the path names; computed once for each operation.
struct BodySchema {
  std::vector<Field> fields;
  std::size_t limit = 0;
  bool secret = false;
};

BodySchema body_schema(const Operation& operation) {
  constexpr std::size_t kWorstEscape = 6;  // \u00XX
  constexpr std::size_t kNumber = 32;
  BodySchema out;
  if (operation.method == "GET" || operation.method == "DELETE") return out;
  constexpr std::size_t kEmptyObject = 64;  // "{}" is a body that says nothing
  out.limit = kEmptyObject;
  for (const auto& field : operation.input) {
    if (operation.path.find("{" + std::string(field.name) + "}") != std::string_view::npos) continue;
    out.fields.push_back(field);
    out.secret = out.secret || is_secret(field);
    const bool sized = field.type != FieldType::number && field.type != FieldType::flag;
    out.limit += field.name.size() + kNumber + (sized ? field.max * kWorstEscape : 0);
  }
  const auto most = out.secret ? base::SecretBytes::kMaxSecret : kMaxBody;
  if (!out.fields.empty()) out.limit = std::min<std::size_t>(out.limit + 1024, most);
  return out;
}

const BodySchema& body_of(const Operation& operation) {
  static const auto all = [] {
    std::map<OperationId, BodySchema> out;
    for (const auto& one : operations()) out.emplace(one.id, body_schema(one));
    return out;
  }();
  return all.at(operation.id);
}

Result<> set_from_text(Record& record, std::string_view name, const std::string& text) {
  const auto schema = record.schema();
  const auto field = std::ranges::find(schema, name, &Field::name);
  if (field == schema.end()) return fail(Errc::invalid, "there is no parameter " + base::escape_text(name, 64));
  if (record.has(name)) return fail(Errc::invalid, std::string(name) + " is given twice");
  switch (field->type) {
    case FieldType::text:
    case FieldType::words:
      record.set(name, text);
      return base::ok();
    case FieldType::flag:
      if (text != "true" && text != "false") return fail(Errc::invalid, std::string(name) + " must be true or false");
      record.set_flag(name, text == "true");
      return base::ok();
    case FieldType::number:
      break;
    default:
      return fail(Errc::invalid, std::string(name) + " can't be a parameter");
  }
  constexpr std::size_t kDigits = 16;
  const bool digits =
      !text.empty() && text.size() <= kDigits && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return fail(Errc::invalid, std::string(name) + " must be a number");
  record.set(name, std::uint64_t{std::stoull(text)});
  return base::ok();
}

/// %XX; '+' stays what it is (fingerprints have it).
Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const auto byte =
        i + 2 < text.size() ? base::unhex(text.substr(i + 1, 2)) : Result<base::Bytes>(fail(Errc::invalid, ""));
    if (!byte) return fail(Errc::invalid, "the query has a bad %-escape");
    out.push_back(static_cast<char>(byte.value().front()));
    i += 2;
  }
  return out;
}

Result<> take_query(Record& record, std::string_view query) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return fail(Errc::invalid, "the query must be name=value&...");
    SALLYPORT_TRY(const auto value, percent_decode(pair.substr(equals + 1)));
    SALLYPORT_TRYV(set_from_text(record, pair.substr(0, equals), value));
  }
  return base::ok();
}

/// Boost.JSON lets the last of doubled names win; here they are refused, and so are escapes in names (none of ours
/// needs one). `text` is valid JSON.
Result<> refuse_doubled_names(std::string_view text) {
  std::set<std::string_view> names;
  int depth = 0;
  std::size_t start = 0, end = 0;  // of the last string at depth 1
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"') {
        in_string = false;
        end = i;
      }
      continue;
    }
    if (c == '"') {
      in_string = true;
      start = i + 1;
    } else if (c == '{' || c == '[')
      ++depth;
    else if (c == '}' || c == ']')
      --depth;
    else if (c == ':' && depth == 1) {
      const auto name = text.substr(start, end - start);
      if (name.find('\\') != std::string_view::npos || !names.insert(name).second) {
        return fail(Errc::invalid, "a name in the body is doubled or escaped");
      }
    }
  }
  return base::ok();
}

}  // namespace

Result<ApiCall> begin_call(std::string_view method, std::string_view target) {
  if (target.size() > kMaxTarget || !target.starts_with('/'))
    return fail(Errc::invalid, "the request target is not taken");
  const auto mark = std::min(target.find('?'), target.size());
  auto route = find_route(method, target.substr(0, mark));
  if (!route) return fail(Errc::not_found, "there is nothing at this path");
  if (route->operation == nullptr) return fail(Errc::unsupported, "this path does not take that method");
  const auto& operation = *route->operation;
  ApiCall call{.operation = &operation, .input = Record(operation.input)};
  for (const auto& [name, text] : route->parameters) {
    SALLYPORT_TRYV(set_from_text(call.input, name, text));
  }
  const auto query = mark < target.size() ? target.substr(mark + 1) : std::string_view{};
  if (!query.empty() && operation.method != "GET") return fail(Errc::invalid, "only GET takes a query");
  SALLYPORT_TRYV(take_query(call.input, query));
  call.body_limit = body_of(operation).limit;
  call.secret_body = body_of(operation).secret;
  return call;
}

Result<> take_body(ApiCall& call, base::ByteView body) {
  const auto& schema = body_of(*call.operation);
  if (!schema.fields.empty()) {
    SALLYPORT_TRY(auto record, from_json(body.empty() ? base::as_bytes("{}") : body, schema.fields));
    SALLYPORT_TRYV(refuse_doubled_names(base::as_text(body)));
    call.input.absorb(std::move(record));
  } else if (!body.empty()) {
    SALLYPORT_TRYV(from_json(body, {}));
  }
  return check(call.input);
}

Result<base::SecretBytes> encode_call(const ApiCall& call, const base::SecretBytes& token, std::string_view source,
                                      std::string_view request_id) {
  Record envelope(envelope_fields());
  envelope.set("source", source).set("request_id", request_id);
  if (!token.empty()) envelope.set("token", token.clone());
  SALLYPORT_TRY(const auto front, encode(envelope));
  SALLYPORT_TRY(const auto record, encode(call.input));
  if (front.size() + record.size() > kMaxRequest) return fail(Errc::limit, "the request is too long");
  base::SecretBytes out(front.size() + record.size());
  std::ranges::copy(front.view(), out.expose_mutable().begin());
  std::ranges::copy(record.view(), out.expose_mutable().subspan(front.size()).begin());
  return out;
}

unsigned http_status(Errc code) noexcept {
  switch (code) {
    case Errc::invalid:
      return 400;
    case Errc::unauthenticated:
      return 401;
    case Errc::denied:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::unsupported:
      return 405;
    case Errc::exists:
    case Errc::conflict:
      return 409;
    case Errc::limit:
    case Errc::locked_out:
      return 429;
    case Errc::sealed:
    case Errc::unavailable:
    case Errc::closed:
      return 503;
    case Errc::timed_out:
      return 504;
    case Errc::corrupt:
    case Errc::io:
    case Errc::internal:
      return 500;
  }
  return 500;
}

std::string_view http_reason(unsigned status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Internal Server Error";
  }
}

std::string error_json(const base::Error& error, std::string_view request_id) {
  static constexpr auto kFields = std::to_array<Field>({{"code", FieldType::text, 64, true, ""},
                                                        {"message", FieldType::text, 4096, true, ""},
                                                        {"request_id", FieldType::text, 64, true, ""}});
  Record record(kFields);
  record.set("code", base::to_string(error.code())).set("message", base::escape_text(error.context(), 1024));
  record.set("request_id", request_id);
  const auto inner = to_json(record);
  SALLYPORT_ENSURE(inner.has_value());
  return "{\"error\":" + std::string(base::as_text(inner.value().view())) + "}";
}

namespace {

/// RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT. This program never leaves the locale "C".
std::string http_date(base::WallTime at) {
  const auto seconds = static_cast<std::time_t>(base::to_unix_ms(at) / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  ::gmtime_r(&seconds, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

}  // namespace

std::string response_head(const ResponseHead& head) {
  std::string out = "HTTP/1.1 " + std::to_string(head.status) + " ";
  out += http_reason(head.status);
  out += "\r\nContent-Type: ";
  out += head.content_type;
  out += "\r\nContent-Length: " + std::to_string(head.length) + "\r\nX-Request-Id: ";
  out += head.request_id;
  out += "\r\nDate: " + http_date(head.at);
  out +=
      "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
      "Strict-Transport-Security: max-age=31536000\r\n"
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n";
  if (head.status == 401) out += "WWW-Authenticate: Bearer\r\n";
  out += head.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return out;
}

Payload response(const ResponseHead& head, base::ByteView body, bool locked) {
  auto full = head;
  full.length = body.size();
  const auto text = response_head(full);
  if (locked) {
    base::SecretBytes out(text.size() + body.size());
    std::ranges::copy(base::as_bytes(text), out.expose_mutable().begin());
    std::ranges::copy(body, out.expose_mutable().subspan(text.size()).begin());
    return Payload(std::move(out));
  }
  base::Bytes out;
  out.reserve(text.size() + body.size());
  out.insert(out.end(), text.begin(), text.end());
  out.insert(out.end(), body.begin(), body.end());
  return Payload(std::move(out));
}

Result<base::SecretBytes> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (!authorization.starts_with(kScheme)) return fail(Errc::unauthenticated, "sign in first: sallyport login");
  const auto token = authorization.substr(kScheme.size());
  if (token.empty() || token.size() > kMaxToken || !std::ranges::all_of(token, word)) {
    return fail(Errc::unauthenticated, "sign in first: sallyport login");
  }
  return base::SecretBytes::copy(base::as_bytes(token));
}

}  // namespace sallyport::app
