add_library(apex_net STATIC
            net/address.cc net/batch.cc net/deadlines.cc net/delimiter.cc net/poller.cc
            net/poller_reading.cc net/poller_writing.cc net/sockets.cc)
target_link_libraries(apex_net PUBLIC apex_base)

apex_test(net delimiter)
apex_test(net poller)
apex_test(net faults)
apex_fuzz(net delimiter)
