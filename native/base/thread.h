// A named thread that is joined with its owner. Unlike std::thread it can fail to start without an
// exception, and it takes no signals: those are for the thread that runs JavaScript.
#pragma once

#include <pthread.h>

#include <csignal>
#include <functional>
#include <memory>
#include <utility>

namespace apex::base {

class Thread final {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { join(); }

  // 0, or errno. `name` has at most 15 bytes and is what `top -H` shows.
  int start(const char* name, std::function<void()> body) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    auto handed = std::make_unique<std::function<void()>>(std::move(body));
    const int failure = pthread_create(&thread_, nullptr, run, handed.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (failure != 0) return failure;
    static_cast<void>(handed.release());  // `run` owns it
    is_started_ = true;
    pthread_setname_np(thread_, name);
    return 0;
  }

  // Whether it is over, as none of ours should be before it is told to. By the owner only.
  bool has_ended() {
    if (is_started_ && pthread_tryjoin_np(thread_, nullptr) == 0) is_started_ = false;
    return !is_started_;
  }

  void join() {
    if (is_started_) pthread_join(thread_, nullptr);
    is_started_ = false;
  }

 private:
  static void* run(void* handed) {
    const std::unique_ptr<std::function<void()>> body(static_cast<std::function<void()>*>(handed));
    (*body)();
    return nullptr;
  }

  pthread_t thread_{};
  bool is_started_ = false;
};

}  // namespace apex::base
