add_library(apex_load STATIC
            load/connection.cc load/frame_replies.cc load/keys.cc load/load.cc load/requests.cc
            load/resp_replies.cc load/worker.cc)
target_link_libraries(apex_load PUBLIC apex_net)
# Key draws must come out as in JavaScript, where every product is rounded before it is added.
target_compile_options(apex_load PRIVATE -ffp-contract=off)

apex_test(load draws)
apex_test(load histogram)
apex_test(load replies)
apex_test(load load)
apex_fuzz(load replies)
