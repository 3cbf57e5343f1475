// The little of Node-API that every door of the addon needs.
//
// Arguments are validated in TypeScript (src/runtime/native); a call that fails here is our own
// bug, so it ends the process with a line that names it instead of throwing.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

namespace apex::addon {

[[noreturn]] inline void die(const char* where, const char* what) {
  napi_fatal_error(where, NAPI_AUTO_LENGTH, what, NAPI_AUTO_LENGTH);
}

inline void must(napi_status status, const char* where) {
  if (status != napi_ok) die(where, "a Node-API call failed");
}

struct Span {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

// A typed array's bytes; `size` counts elements. Valid while JavaScript holds the array.
inline Span bytes_of(napi_env env, napi_value value) {
  Span span;
  void* data = nullptr;
  must(napi_get_typedarray_info(env, value, nullptr, &span.size, &data, nullptr, nullptr),
       "bytes_of");
  span.data = static_cast<std::uint8_t*>(data);
  return span;
}

// The elements of a typed array, whose kind the caller knows.
template <typename Element>
Element* elements_of(napi_env env, napi_value value) {
  return reinterpret_cast<Element*>(bytes_of(env, value).data);
}

inline double number_of(napi_env env, napi_value value) {
  double number = 0;
  must(napi_get_value_double(env, value, &number), "number_of");
  return number;
}

inline napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  must(napi_create_double(env, value, &result), "number");
  return result;
}

inline napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  must(napi_get_boolean(env, value, &result), "boolean");
  return result;
}

inline void set_function(napi_env env, napi_value object, const char* name, napi_callback call) {
  napi_value function = nullptr;
  must(napi_create_function(env, name, NAPI_AUTO_LENGTH, call, nullptr, &function), name);
  must(napi_set_named_property(env, object, name, function), name);
}

// The arguments of a call, exactly Count of them.
template <std::size_t Count>
struct Arguments {
  Arguments(napi_env env, napi_callback_info info, const char* where) {
    std::size_t count = Count;
    must(napi_get_cb_info(env, info, &count, values, nullptr, nullptr), where);
    if (count != Count) die(where, "wrong number of arguments");
  }
  napi_value operator[](std::size_t at) const { return values[at]; }
  napi_value values[Count];
};

}  // namespace apex::addon
