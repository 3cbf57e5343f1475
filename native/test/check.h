// All that the tests need: claims that end the program when they do not hold, and tests with names.
//
//   TEST("a ring holds what was put in") { CHECK(ring.pop(item)); CHECK_EQUAL(item, 7); }
//   int main() { return apex::test::run(); }
#pragma once

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <vector>

namespace apex::test {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& all() {
  static std::vector<Test> tests;
  return tests;
}

struct Registration {
  Registration(const char* name, void (*body)()) { all().push_back({name, body}); }
};

[[noreturn]] inline void fail(const char* file, int line, const char* claim) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
  std::exit(1);
}

inline int run() {
  for (const Test& test : all()) {
    std::printf("%s\n", test.name);
    std::fflush(stdout);
    test.body();
  }
  return all().empty() ? 1 : 0;
}

}  // namespace apex::test

#define APEX_JOIN_(a, b) a##b
#define APEX_JOIN(a, b) APEX_JOIN_(a, b)
#define TEST(name)                                                          \
  static void APEX_JOIN(test_, __LINE__)();                                 \
  static const apex::test::Registration APEX_JOIN(registration_, __LINE__)( \
      name, APEX_JOIN(test_, __LINE__));                                    \
  static void APEX_JOIN(test_, __LINE__)()

#define CHECK(claim) \
  if (!(claim)) apex::test::fail(__FILE__, __LINE__, #claim)

#define CHECK_EQUAL(found, expected)                                         \
  do {                                                                       \
    const auto found_ = (found);                                             \
    const decltype(found_) expected_ = (expected);                           \
    if (!(found_ == expected_)) {                                            \
      std::cerr << "found " << found_ << ", expected " << expected_ << '\n'; \
      apex::test::fail(__FILE__, __LINE__, #found " == " #expected);         \
    }                                                                        \
  } while (false)
