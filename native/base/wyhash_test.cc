// The rows are those of the reference (wangyi-fudan/wyhash, test_vector.cpp) and of a pattern 0, 1,
// 2 … at every length around the branches.
#include "base/wyhash.h"

#include <cstring>
#include <vector>

#include "test/check.h"

using apex::base::wyhash;

TEST("the hashes of the reference's strings are the reference's") {
  CHECK_EQUAL(wyhash("", 0, 0), 0x93228a4de0eec5a2U);
  CHECK_EQUAL(wyhash("a", 1, 1), 0xc5bac3db178713c4U);
  CHECK_EQUAL(wyhash("abc", 3, 2), 0xa97f2f7b1d9b3314U);
  CHECK_EQUAL(wyhash("message digest", 14, 3), 0x786d1f1df3801df4U);
  CHECK_EQUAL(wyhash("abcdefghijklmnopqrstuvwxyz", 26, 4), 0xdca5a8138ad37c87U);
  CHECK_EQUAL(wyhash("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234567"
                     "89",
                     62, 5),
              0xb9e734f117cfaf70U);
  CHECK_EQUAL(wyhash("123456789012345678901234567890123456789012345678901234567890"
                     "12345678901234567890",
                     80, 6),
              0x6cc5eab49a92d617U);
}

namespace {

struct Row {
  std::size_t size;
  std::uint64_t seed;
  std::uint64_t hash;
};

constexpr Row kRows[] = {
    {0, 0x0000000000000000, 0x93228a4de0eec5a2},    {1, 0x0000000000000000, 0x8e6d4af7d310c8c4},
    {2, 0x0000000000000000, 0x5121ba5bc9a828b5},    {3, 0x0000000000000000, 0x78c4aa0c972a522d},
    {4, 0x0000000000000000, 0xe08aeeb68058fb32},    {7, 0x0000000000000000, 0x094e98feb6055cc6},
    {8, 0x0000000000000000, 0xb4d6ac74d009e1d4},    {9, 0x0000000000000000, 0xb42922e019b409be},
    {15, 0x0000000000000000, 0x87edaf96d89a08ef},   {16, 0x0000000000000000, 0x305fdea0ed4a2619},
    {17, 0x0000000000000000, 0xd29ffdd201a46f9a},   {31, 0x0000000000000000, 0xebc13906e5018315},
    {32, 0x0000000000000000, 0x5b00c06ef7540f8f},   {33, 0x0000000000000000, 0x5e1a2536ff90cc32},
    {47, 0x0000000000000000, 0xe2cb58f6ab8e4419},   {48, 0x0000000000000000, 0xecbfb7ff9e3d9a97},
    {49, 0x0000000000000000, 0x0691f11bac523a91},   {63, 0x0000000000000000, 0x907220c8cff2e2c7},
    {64, 0x0000000000000000, 0xe0fe4c75f61d710d},   {95, 0x0000000000000000, 0xa39f0af73a3eee99},
    {96, 0x0000000000000000, 0x948137d69794b570},   {97, 0x0000000000000000, 0x2501575738d109be},
    {127, 0x0000000000000000, 0x766e08dbb996f344},  {128, 0x0000000000000000, 0x693d6d731c86b2ee},
    {1000, 0x0000000000000000, 0xb0aaefd54a691522}, {0, 0x0000000000000001, 0xddac86087a217154},
    {1, 0x0000000000000001, 0x662952e0c3b4a73f},    {2, 0x0000000000000001, 0xeac27946011bafe5},
    {3, 0x0000000000000001, 0xcbc8058d0835a046},    {4, 0x0000000000000001, 0x9de7d99940508c34},
    {7, 0x0000000000000001, 0xa1b2adaaacfc8564},    {8, 0x0000000000000001, 0x0e1b0b570c3f9f9c},
    {9, 0x0000000000000001, 0xb3f372ead1654a4b},    {15, 0x0000000000000001, 0x92c6046fe109dd06},
    {16, 0x0000000000000001, 0xde3e98b54d689639},   {17, 0x0000000000000001, 0xda7292565e6a8f66},
    {31, 0x0000000000000001, 0x3793cdfc0fc011e0},   {32, 0x0000000000000001, 0x2603dfe65a7d8bf6},
    {33, 0x0000000000000001, 0xa4e9d6afb676b82d},   {47, 0x0000000000000001, 0x697c421494ad7ad1},
    {48, 0x0000000000000001, 0x79cd41edc6c242d6},   {49, 0x0000000000000001, 0x4b3552f67baf88aa},
    {63, 0x0000000000000001, 0xac0a066b0b68e664},   {64, 0x0000000000000001, 0x6b9bb7c3658fa507},
    {95, 0x0000000000000001, 0xcca3bd639367e4c0},   {96, 0x0000000000000001, 0x1492b6eab328130a},
    {97, 0x0000000000000001, 0x73ac6126ca67f523},   {127, 0x0000000000000001, 0xc1421eb10e11fc06},
    {128, 0x0000000000000001, 0x2b39cc2dffc6922b},  {1000, 0x0000000000000001, 0xd04ec897d2e57b89},
    {0, 0x0000000000000007, 0x9411771484003547},    {1, 0x0000000000000007, 0x0a393ec43f5b7188},
    {2, 0x0000000000000007, 0x599184b98ebd5fb2},    {3, 0x0000000000000007, 0x1ce7ae7523ce9850},
    {4, 0x0000000000000007, 0x1bfbdc59121a5a5e},    {7, 0x0000000000000007, 0xdbe2b92c7869d657},
    {8, 0x0000000000000007, 0xcf0e797cc1ba614f},    {9, 0x0000000000000007, 0xabe1c1dd83c19301},
    {15, 0x0000000000000007, 0x4024b8cb2a1c907a},   {16, 0x0000000000000007, 0xc4f3d94eba74b559},
    {17, 0x0000000000000007, 0x0caa8f7bd43c90b1},   {31, 0x0000000000000007, 0x6243a9afcd2ad4b2},
    {32, 0x0000000000000007, 0x5b00f3162d5e24d2},   {33, 0x0000000000000007, 0x3ac7d57c4d0203a4},
    {47, 0x0000000000000007, 0x3399dd337401228b},   {48, 0x0000000000000007, 0x2d369a1639889127},
    {49, 0x0000000000000007, 0xd1fb644ed2bc0827},   {63, 0x0000000000000007, 0xdf113507740e0ef6},
    {64, 0x0000000000000007, 0x076896c79ef3720f},   {95, 0x0000000000000007, 0xc365518fb3a9471b},
    {96, 0x0000000000000007, 0xf009852225d574e9},   {97, 0x0000000000000007, 0x4efeb6ed5bdd7410},
    {127, 0x0000000000000007, 0xfbbc7131e283f541},  {128, 0x0000000000000007, 0x93d412921e9d7169},
    {1000, 0x0000000000000007, 0x82afec6fc5534712}, {0, 0x00000000deadbeef, 0x7e39f099d0d3c2c9},
    {1, 0x00000000deadbeef, 0xb75f57708fce8c37},    {2, 0x00000000deadbeef, 0x9b687a7d99535a8a},
    {3, 0x00000000deadbeef, 0x56446bd89f66c3b5},    {4, 0x00000000deadbeef, 0xa2efc677a0292ba8},
    {7, 0x00000000deadbeef, 0xffba5bccdb8ca281},    {8, 0x00000000deadbeef, 0xa13c928d08febb52},
    {9, 0x00000000deadbeef, 0x86084e3b2f401e17},    {15, 0x00000000deadbeef, 0x3bd45adb4f31dc5a},
    {16, 0x00000000deadbeef, 0xe144c980805018d9},   {17, 0x00000000deadbeef, 0x597f668aec64ab78},
    {31, 0x00000000deadbeef, 0xea686c79dbccddc7},   {32, 0x00000000deadbeef, 0x0ec6476a6f5ef825},
    {33, 0x00000000deadbeef, 0x52503c1eb3121f29},   {47, 0x00000000deadbeef, 0x4e1bebe53a7b8610},
    {48, 0x00000000deadbeef, 0x1b076a993016c734},   {49, 0x00000000deadbeef, 0x389513a591ae6fbb},
    {63, 0x00000000deadbeef, 0x682fc598c186cf06},   {64, 0x00000000deadbeef, 0x3be0f94c0b8bcf6b},
    {95, 0x00000000deadbeef, 0x488f07b37b46e24c},   {96, 0x00000000deadbeef, 0x8ac0557e185a1067},
    {97, 0x00000000deadbeef, 0xad751a63e212f973},   {127, 0x00000000deadbeef, 0xd54c342c58cd67e3},
    {128, 0x00000000deadbeef, 0xe87d9c4b1ca3c0f8},  {1000, 0x00000000deadbeef, 0xb747d9e3b44d4f9e},
    {0, 0xa0761d6478bd642f, 0xe4917dbfbc583a95},    {1, 0xa0761d6478bd642f, 0x1ca2eb6cbfb870a3},
    {2, 0xa0761d6478bd642f, 0xde2d9b1e717acdce},    {3, 0xa0761d6478bd642f, 0x2b176c4624aab54b},
    {4, 0xa0761d6478bd642f, 0xb9a3ac0519f2ded8},    {7, 0xa0761d6478bd642f, 0x91229848b7bba473},
    {8, 0xa0761d6478bd642f, 0x20c1f8c95b3bf383},    {9, 0xa0761d6478bd642f, 0x506ba1d0b049361d},
    {15, 0xa0761d6478bd642f, 0xacda1e5de65568c6},   {16, 0xa0761d6478bd642f, 0x9f569f9b1f73ca48},
    {17, 0xa0761d6478bd642f, 0x8e71b8fd15f5d603},   {31, 0xa0761d6478bd642f, 0xfb3bd33706ee62e9},
    {32, 0xa0761d6478bd642f, 0x8b8c451f37b90b17},   {33, 0xa0761d6478bd642f, 0x9f57ced65d276185},
    {47, 0xa0761d6478bd642f, 0xfffbec2a51516439},   {48, 0xa0761d6478bd642f, 0x14c44e7db1022b7c},
    {49, 0xa0761d6478bd642f, 0xcb9f289b75440af7},   {63, 0xa0761d6478bd642f, 0x789ee1fbc5c48c24},
    {64, 0xa0761d6478bd642f, 0xe7f0f1a6b1074e1b},   {95, 0xa0761d6478bd642f, 0x4b0becc511ab4e48},
    {96, 0xa0761d6478bd642f, 0x9027125b0f663f12},   {97, 0xa0761d6478bd642f, 0x701b984fa7753d45},
    {127, 0xa0761d6478bd642f, 0xcd9f6795d9fcc55b},  {128, 0xa0761d6478bd642f, 0x7f3557c82a657b26},
    {1000, 0xa0761d6478bd642f, 0xc40d2d9f4ba8c1fc}, {0, 0xffffffffffffffff, 0x5602e22730e1b10d},
    {1, 0xffffffffffffffff, 0xe02786d8a919ab87},    {2, 0xffffffffffffffff, 0xc177a60cef6fb1e3},
    {3, 0xffffffffffffffff, 0x3a4262c109305054},    {4, 0xffffffffffffffff, 0xb42692e33d2f5709},
    {7, 0xffffffffffffffff, 0x01a4744b7049c0c1},    {8, 0xffffffffffffffff, 0x188579d69a587c46},
    {9, 0xffffffffffffffff, 0xf43161fd8da20cdc},    {15, 0xffffffffffffffff, 0x826452e17d8e6b04},
    {16, 0xffffffffffffffff, 0x8a552168be05c985},   {17, 0xffffffffffffffff, 0x8aa1657c3fd48779},
    {31, 0xffffffffffffffff, 0xcd63eeb7940c7389},   {32, 0xffffffffffffffff, 0x55b524f7a567a673},
    {33, 0xffffffffffffffff, 0xf8adcc8e015341de},   {47, 0xffffffffffffffff, 0x5d15cd9d962f4bd6},
    {48, 0xffffffffffffffff, 0x05f6a5142d3cdb56},   {49, 0xffffffffffffffff, 0x8f5030186df83258},
    {63, 0xffffffffffffffff, 0xf5cec2e6381e1a2e},   {64, 0xffffffffffffffff, 0xe7a87a87b846f2f8},
    {95, 0xffffffffffffffff, 0x2ab115e383e29b97},   {96, 0xffffffffffffffff, 0xa9a7b04b2f3433ee},
    {97, 0xffffffffffffffff, 0xc56f4071a36bdee6},   {127, 0xffffffffffffffff, 0x18e98c58b053993b},
    {128, 0xffffffffffffffff, 0x02fee5e02147ce2a},  {1000, 0xffffffffffffffff, 0xbe32de0f894bbc68},
};

}  // namespace

TEST("the hashes of a pattern are right around every branch") {
  for (const Row& row : kRows) {
    std::vector<std::uint8_t> bytes(row.size);
    for (std::size_t at = 0; at < row.size; at++) bytes[at] = static_cast<std::uint8_t>(at);
    CHECK_EQUAL(wyhash(bytes.data(), row.size, row.seed), row.hash);
  }
}

int main() { return apex::test::run(); }
