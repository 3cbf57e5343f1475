add_library(apex_net STATIC
            net/address.cc net/batch.cc net/deadlines.cc net/delimiter.cc net/net_thread.cc
            net/net_thread_loop.cc net/poller.cc net/poller_reading.cc net/poller_writing.cc
            net/sockets.cc)
target_link_libraries(apex_net PUBLIC apex_base)

apex_test(net delimiter)
apex_test(net poller)
apex_test(net faults)
apex_test(net net_thread)
# The same claims of a poller on a thread of its own.
if(APEX_TESTS)
  foreach(name poller faults)
    add_test(NAME net/${name}_threaded COMMAND net_${name}_test)
    set_tests_properties(net/${name}_threaded PROPERTIES TIMEOUT 120
                         ENVIRONMENT APEX_TEST_NET_THREAD=on)
  endforeach()
  # A descriptor that cannot be waited for: this test program's own poll.
  target_link_options(net_net_thread_test PRIVATE -Wl,--wrap=poll)
endif()
apex_fuzz(net delimiter)
