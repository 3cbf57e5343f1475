add_library(apex_disk STATIC disk/disk.cc disk/file_io.cc disk/files.cc disk/performer.cc)
target_link_libraries(apex_disk PUBLIC apex_base)

apex_test(disk disk)
# The kernel's rarer answers: this test program's own pwrite, pwritev, pread and fdatasync.
apex_test(disk faults)
if(APEX_TESTS)
  target_link_options(disk_faults_test PRIVATE -Wl,--wrap=pwrite -Wl,--wrap=pwritev
                      -Wl,--wrap=pread -Wl,--wrap=fdatasync)
endif()
apex_fuzz(disk operations)
