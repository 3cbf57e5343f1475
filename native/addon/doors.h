// What each part of the addon puts into its exports.
#pragma once

#include <node_api.h>

namespace apex::addon {

void register_base(napi_env env, napi_value exports);
void register_disk(napi_env env, napi_value exports);
void register_load(napi_env env, napi_value exports);
void register_net(napi_env env, napi_value exports);

}  // namespace apex::addon
