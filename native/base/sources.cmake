add_library(apex_base STATIC base/crc32c.cc base/region.cc base/scout.cc base/wakeup.cc base/wyhash.cc)
target_link_libraries(apex_base PUBLIC Threads::Threads)

apex_test(base crc32c)
apex_test(base queues)
apex_test(base region)
apex_test(base scout)
apex_test(base wakeup)
apex_test(base wyhash)
