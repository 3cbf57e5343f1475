// The addon: binds the libraries to Node. Only this folder sees Node-API.
//
// 1. It may be loaded by several environments of one process (worker threads): no global state.
// 2. No exception crosses the border; there are none (-fno-exceptions).
#include "addon/doors.h"
#include "addon/napi.h"
#include "addon/version.h"

NAPI_MODULE_INIT() {
  using namespace apex::addon;
  must(napi_set_named_property(env, exports, "version", number(env, kAddonVersion)), "version");
  register_base(env, exports);
  register_disk(env, exports);
  register_load(env, exports);
  register_net(env, exports);
  return exports;
}
