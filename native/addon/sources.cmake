# The addon is the one part that sees Node. Its headers come with the npm package `node`; where that
# is not installed, from beside the `node` on the path. Nothing is downloaded.
set(APEX_ROOT ${CMAKE_CURRENT_SOURCE_DIR}/..)
file(GLOB APEX_NODE_PACKAGES
     ${APEX_ROOT}/node_modules/node/node_modules/node-*/include/node
     ${APEX_ROOT}/node_modules/node-*/include/node)
execute_process(COMMAND node -p "require('path').resolve(process.execPath,'../../include/node')"
                OUTPUT_VARIABLE APEX_NODE_BESIDE OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
find_path(APEX_NODE_HEADERS NAMES node_api.h
          HINTS ${APEX_NODE_PACKAGES} ${APEX_NODE_BESIDE} NO_DEFAULT_PATH)
if(NOT APEX_NODE_HEADERS OR NOT EXISTS ${APEX_NODE_HEADERS}/uv.h)
  message(FATAL_ERROR "no headers of Node (node_api.h, uv.h): run `npm install`, "
                      "or say -DAPEX_NODE_HEADERS=FOLDER, or -DAPEX_ADDON=OFF")
endif()

add_library(apex MODULE addon/addon.cc addon/base.cc addon/disk.cc addon/load.cc addon/net.cc)
target_include_directories(apex SYSTEM PRIVATE ${APEX_NODE_HEADERS})
target_compile_definitions(apex PRIVATE NAPI_VERSION=8)
target_link_libraries(apex PRIVATE apex_base apex_disk apex_load apex_net)
set_target_properties(apex PROPERTIES PREFIX "" SUFFIX ".node"
                      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
